"""Takes in what a party posts over ebMS: signals about our messages, and messages of its own, each once.

A message is taken like any other of the party's, and acknowledged once it is on disk; the same MessageId again is
dropped and gets the same signal again (ebMS § 6.5). The application receipt that answers it is a message of ours.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import structlog

from gateway.core.ebxml import MESSAGE_ERROR, Code, EbmsError, EbmsProblem, Header, Message, Package
from gateway.core.errors import Issue, NotAcceptable, Refused
from gateway.core.message import Rendered
from gateway.edge.audit.append import fresh_id
from gateway.edge.delivery.terms import Acknowledges
from gateway.edge.ebms.msh import Msh
from gateway.edge.identity.access import Caller
from gateway.edge.keys import Vault
from gateway.edge.receipts import Business
from gateway.edge.seal import SealBroken
from gateway.edge.store.database import Database
from gateway.edge.store.ebms import KNOWN, OWE, SIGNAL, TAKE, Posting, Signal, Taken

RECEIVED: Final = "ebms_received"
OWED: Final = "ebms_owed"
_OTHER: Final = EbmsError(Code.INCONSISTENT, "//MessageId", "another message came under this MessageId before")
_BROKEN: Final = EbmsError(Code.SECURITY_FAILURE, "//Signature", "the signature does not hold, or cannot be opened")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered at once: a signal, or nothing."""

    media_type: str = ""
    body: bytes = b""


class EbmsIntake:
    """The way in over ebMS. `mshs` are the parties that speak it."""

    def __init__(self, mshs: Mapping[str, Msh], business: Business, database: Database, vault: Vault) -> None:
        self._mshs, self._business, self._database, self._vault = mshs, business, database, vault

    async def take(self, content_type: str, body: bytes, caller: Caller) -> Answer:
        """Take one message or signal. Raises `Refused`, `NotAcceptable` where no signal could answer, or `Busy`."""
        msh = self._mshs.get(caller.party.id)
        if msh is None:
            raise Refused("this party does not speak ebMS here, says the register")
        package = msh.codec.unpack(content_type, body)
        stated = msh.codec.read(package.envelope)
        try:
            message = self._held(msh, stated, package)
        except (EbmsProblem, SealBroken) as problem:
            errors = problem.errors if isinstance(problem, EbmsProblem) else (_BROKEN,)
            return await self._refused(msh, stated, errors)
        if message.header.is_signal:
            return await self._signal(msh, message)
        return await self._message(msh, message, package, caller)

    def _held(self, msh: Msh, stated: Message, package: Package) -> Message:
        """Give what is signed of a message, held against the agreement; only a MessageError may come unsigned."""
        error = stated.header.is_signal and stated.header.action == MESSAGE_ERROR and not package.attachments
        message = stated if error and b"Signature" not in package.envelope else msh.verified(package)
        msh.hold(message, package)
        return message

    async def _refused(self, msh: Msh, stated: Message, errors: tuple[EbmsError, ...]) -> Answer:
        """Tell why; a signal that does not hold is not answered with another, or two could go on for ever."""
        party, code = msh.relation.party, " ".join(sorted({error.code for error in errors}))
        log.warning("ebms-refused", party=party, signal=stated.header.is_signal, codes=code)
        if stated.header.is_signal:
            raise NotAcceptable([Issue("security", "", "the signal does not hold against the agreement")])
        name = fresh_id()
        return await self._answer(msh, stated, Answer(*msh.refusal(stated.header, name, errors)), name)

    async def _signal(self, msh: Msh, message: Message) -> Answer:
        about = msh.own_id(message.acknowledges or message.header.ref_to)
        taken = bool(message.acknowledges)
        if not about or not (taken or any(error.severe for error in message.errors)):
            log.warning("ebms-signal-ignored", party=msh.relation.party)
            return Answer()
        terms = self._business.terms(msh.relation.party)
        final = terms.acknowledges is Acknowledges.TRANSPORT
        item = Signal(msh.relation.party, about, taken, final, terms.receipt_within)
        verdict = await self._database.write(SIGNAL, item)
        log.info("ebms-signal", party=msh.relation.party, taken=taken, verdict=verdict)
        return Answer()

    async def _message(self, msh: Msh, message: Message, package: Package, caller: Caller) -> Answer:
        party = msh.relation.party
        called = self._vault.mac("ebms-message", party, message.header.message_id)
        content = self._vault.mac("ebms-content", party, *(part.body for part in package.attachments))
        try:
            before = await asyncio.to_thread(self._before, party, called, content)
        except EbmsProblem as problem:
            return await self._refused(msh, message, problem.errors)
        if before is not None:
            log.info("ebms-duplicate", party=party)
            return await self._answer(msh, message, before, fresh_id()) if before.body else before
        try:
            receipt = await self._business.answer(package.attachments[0].body, caller)
        except SealBroken:
            return await self._refused(msh, message, (_BROKEN,))
        name = fresh_id()
        answer = Answer(*msh.acknowledgment(message.header, name)) if message.ack_requested else Answer()
        kept = self._posting(RECEIVED, name, answer) if message.ack_requested else None
        owed = tuple(self._owed(msh, message.header, receipt))
        if not await self._database.write(TAKE, Taken(party, called, content, kept, owed)):
            log.info("ebms-duplicate", party=party)
        return await self._answer(msh, message, answer, fresh_id()) if message.ack_requested else answer

    def _before(self, party: str, called: str, content: str) -> Answer | None:
        """Give what a message was answered with when it came before. Raises `EbmsProblem` when it was another one."""
        rows = self._database.rows(KNOWN, of=party, called=called)
        if not rows:
            return None
        row = rows[0]
        if row.content not in {"", content}:
            raise EbmsProblem([_OTHER])
        body = self._vault.open(RECEIVED, row.record, row.body, row.wrapped) if row.record else b""
        return Answer(row.media_type, body)

    def _owed(self, msh: Msh, of: Header, receipt: Rendered) -> list[Posting]:
        """Give the receipt as a message of ours, in the conversation of what it answers."""
        if not receipt.body:
            return []
        address = msh.address(of.service, msh.codec.answer_to(of.service))
        if address is None:
            log.warning("ebms-no-receipt-agreed", party=msh.relation.party)
            return []
        name = fresh_id()
        header = msh.header(address, name, of.conversation, of.message_id)
        return [self._posting(OWED, name, Answer(*msh.document(header, receipt.body, receipt.media_type)))]

    async def _answer(self, msh: Msh, message: Message, answer: Answer, name: str) -> Answer:
        """Answer at once where that was agreed or asked for; else post the signal by itself."""
        way = msh.relation.way_back(message.header.service, message.header.action)
        if message.sync_reply or way is None or way.sync_reply != "none":
            return answer
        posting = self._posting(OWED, name, answer, signal=True)
        await self._database.write(OWE, (msh.relation.party, posting))
        return Answer()

    def _posting(self, table: str, name: str, packed: Answer, *, signal: bool = False) -> Posting:
        return Posting(name, packed.media_type, self._vault.seal(table, name, packed.body), signal)
