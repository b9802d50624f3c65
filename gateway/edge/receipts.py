"""Receipts on NAV's interface: those that answer our messages, and those that we answer messages with (KITH AppRec)."""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from lxml import etree

from gateway import flow
from gateway.core.errors import Issue, NotAcceptable, Refused
from gateway.core.message import Rendered
from gateway.core.ports import Format, Render
from gateway.edge.delivery.terms import Terms
from gateway.edge.http.answers import XML
from gateway.edge.identity.access import Caller
from gateway.edge.intake import Intake
from gateway.edge.line import Envelope
from gateway.edge.seal import SealBroken
from gateway.edge.store.accept import Conflict
from gateway.model import Identifier, Party, Receipt, ReceiptError
from gateway.policy import pep

ERRORS: Final = "2.16.578.1.12.4.1.1.8221"
OTHER: Final = "X99"
LONGEST: Final = 500
"""NAV's own texts fit in, with the place and how to mend it; the sender's own log has the rest."""

UNKNOWN: Final = "ukjent"


@dataclass(frozen=True, slots=True)
class Business:
    """What becomes of a document whose transport answers by itself: `take` stores and receipts, `reject` rejects it."""

    take: Callable[[bytes, Caller], Awaitable[Rendered]]
    reject: Callable[[tuple[Issue, ...], bytes, Caller], Rendered]
    terms: Callable[[str], Terms]

    async def answer(self, document: bytes, caller: Caller) -> Rendered:
        """Take the document, and give the receipt that answers it: a rejected one is answered by a receipt, too.

        Raises `SealBroken`, for which each transport has words of its own, or `Busy`.
        """
        try:
            return await self.take(document, caller)
        except SealBroken:
            raise
        except NotAcceptable as refused:
            return self.reject(refused.issues, document, caller)
        except Conflict as refused:
            return self.reject((Issue("conflict", refused.at, str(refused)),), document, caller)
        except Refused as refused:
            return self.reject((Issue("conflict", "", str(refused)),), document, caller)


class Receipts:
    """Takes NAV-style messages and receipts in, and writes the receipts that go back.

    `kind` tells the format of a message by its payload. `signed` holds the token of a message's signer, if it carries
    one, and raises for one that does not hold.
    """

    def __init__(
        self,
        apprec: Format,
        kind: Callable[[bytes], Format | None],
        intake: Intake,
        envelope: Envelope,
        signed: Callable[[bytes], Awaitable[object]],
    ) -> None:
        if apprec.render is None:
            raise TypeError("receipts are written, too")
        self._render: Render = apprec.render
        self._kind = kind
        self._intake = intake
        self._envelope = envelope
        self._signed = signed

    async def take(self, sent: bytes, caller: Caller) -> Rendered:
        """Take one document: a receipt is matched and answered with nothing, a message is stored and receipted.

        It is opened as the register says that the party sends, and answered in the same way. Raises `NotAcceptable`,
        `Conflict` or `Busy`; the edge then answers with `reject`.
        """
        raw = self._envelope.open(caller.party.id, sent)
        if await self._intake.receive_receipt(raw, caller.party.id) is not None:
            return Rendered(b"", XML)
        head, message = _head(raw), self._kind(raw)
        if message is None:
            what = "the document carries no payload that is taken here"
            raise NotAcceptable([Issue("not-supported", "", what, "`samspill formats` lists what is read")])
        if not head.get("MsgId"):
            flow.parse(message, raw)  # which says what else is wrong with it
            what = "the message has no MsgInfo/MsgId"
            raise NotAcceptable([Issue("required", "/MsgHead/MsgInfo/MsgId", what, "give it an id of its own")])
        await self._signed(raw)
        await self._intake.accept(raw, message.id, caller.party.id, head["MsgId"])
        return self._envelope.close(caller.party.id, self._write(head, "ok", ()))

    def reject(self, issues: tuple[Issue, ...], sent: bytes, caller: Caller | None) -> Rendered:
        """Write the receipt that rejects a message, with every reason; it repeats nothing but the message's own id.

        It is closed as any for the party; one for a caller that nobody knows, or whose seal is broken, is plain.
        """
        party = caller.party.id if caller else ""
        try:
            raw = self._envelope.open(party, sent) if party else sent
        except NotAcceptable:
            raw, party = sent, ""
        errors = tuple(ReceiptError(code=OTHER, system=ERRORS, display=str(issue)[:LONGEST]) for issue in issues) or (
            ReceiptError(code=OTHER, system=ERRORS, display="the message cannot be taken"),
        )
        written = self._write(_head(raw), "rejected", errors)
        return self._envelope.close(party, written) if party else written

    def _write(self, head: dict[str, Any], status: str, errors: Sequence[ReceiptError]) -> Rendered:
        receipt = Receipt(
            id=str(uuid.uuid4()),
            created_at=datetime.now(UTC).replace(microsecond=0),
            software="Samspill",
            sender=_party(head.get("Receiver")),
            receiver=_party(head.get("Sender")),
            status=status,
            errors=tuple(errors),
            original_kind=head.get("Type") or UNKNOWN,
            original_sent_at=_moment(head.get("GenDate")),
            original_id=head.get("MsgId") or UNKNOWN,
        )
        return self._render(pep.acknowledge(receipt))


def _head(raw: bytes) -> dict[str, Any]:
    """Give what a receipt must say of the message it answers, as far as it can be read."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError):
        return {}
    document: Any = root.getroottree()
    if document.docinfo.doctype:
        return {}
    info = next(root.iter("{*}MsgInfo"), None)
    if info is None:
        return {}
    return {
        "Type": _attribute(info.find("{*}Type"), "V"),
        "MsgId": (info.findtext("{*}MsgId") or "").strip(),
        "GenDate": (info.findtext("{*}GenDate") or "").strip(),
        "Sender": info.find("{*}Sender/{*}Organisation"),
        "Receiver": info.find("{*}Receiver/{*}Organisation"),
    }


def _attribute(element: Any, name: str) -> str:
    return "" if element is None else (element.get(name) or "").strip()


def _party(organisation: Any) -> Party:
    """Give an organisation of a message header as a receipt names it: the first id, the others beside it."""
    if organisation is None:
        return Party(name=UNKNOWN, id=UNKNOWN, kind="her")
    kinds = {"HER": "her", "ENH": "orgnr", "RSH": "resh"}
    ids = [
        Identifier(kind=kinds[kind], value=value)
        for ident in organisation.findall("{*}Ident")
        if (kind := _attribute(ident.find("{*}TypeId"), "V")) in kinds
        and (value := (ident.findtext("{*}Id") or "").strip())
    ]
    first = ids[0] if ids else Identifier(kind="her", value=UNKNOWN)
    name = (organisation.findtext("{*}OrganisationName") or UNKNOWN).strip()
    return Party(name=name, id=first.value, kind=first.kind, additional=tuple(ids[1:]))


def _moment(text: str | None) -> datetime:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return datetime.now(UTC).replace(microsecond=0)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
