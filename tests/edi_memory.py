"""A message service in memory, to the contract of the real one; its posts are what would stand on its disk."""

import json
from uuid import uuid4

from gateway.core.errors import Rejected, Uncertain, Unreachable
from gateway.edge.edi.api import Waiting


class MemoryEdi:
    """NHN's side. `arrived(her, document)` is told of what is sent, and gives the state of its transport.

    `troubles` holds, by kind of call, what befalls the next ones: `before` (nothing is done), `lost` (done, and the
    answer is lost), `refused`.
    """

    def __init__(self, arrived=lambda _her, _document: "unconfirmed"):
        self.posts, self.arrived, self.troubles, self.calls = {}, arrived, {}, []

    def put(self, document, sender="990002", receiver="990001", *, is_apprec=False):
        name = str(uuid4())
        waiting = Waiting(name, receiver, sender, is_apprec)
        self.posts[name] = {"waiting": waiting, "document": document, "read": False, "apprec": None, "state": ""}
        return name

    def sent(self):
        return [post["document"] for post in self.posts.values() if post["waiting"].sender == "990001"]

    def befall(self, kind):
        self.calls.append(kind)
        trouble = (self.troubles.get(kind) or [None]).pop(0)
        if trouble == "before":
            raise Unreachable("planned")
        if trouble == "refused":
            raise Rejected("planned")
        return trouble == "lost"

    def answered(self, *, lost):
        if lost:
            raise Uncertain("planned")

    async def send(self, document, her, overrides):  # noqa: ARG002
        lost = self.befall("send")
        name = self.put(document, "990001", her)
        self.posts[name]["state"] = self.arrived(her, document)
        self.answered(lost=lost)
        return name

    async def status(self, name, her):  # noqa: ARG002
        self.answered(lost=self.befall("status"))
        return self._post(name)["state"]

    async def unread(self, hers):
        self.answered(lost=self.befall("unread"))
        posts = [post for post in self.posts.values() if post["waiting"].receiver in hers and not post["read"]]
        return [post["waiting"] for post in posts][:25]

    async def document(self, name):
        self.answered(lost=self.befall("document"))
        return self._post(name)["document"]

    async def receipted(self, one):
        self.answered(lost=self.befall("apprec"))
        return self._post(one.id)["apprec"] is not None

    async def receipt(self, one, body):
        lost = self.befall("receipt")
        post = self._post(one.id)
        if post["apprec"] or one.is_apprec:
            raise Rejected("there is one, or there cannot be one")
        post["apprec"] = json.loads(body)["appRecStatus"]
        self.answered(lost=lost)

    async def read(self, one):
        lost = self.befall("read")
        self._post(one.id)["read"] = True
        self.answered(lost=lost)

    async def close(self):
        pass

    def _post(self, name):
        if name not in self.posts:
            raise Rejected("no such message")
        return self.posts[name]
