"""What searches the log of an installation: who gets by statute, and which days a patient's notes are for."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Final

from gateway.core.errors import NotAcceptable
from gateway.core.queues import ANEW, ANEW_SE, covered, first_day
from gateway.core.vocabulary import MessageKind
from gateway.edge.audit.watch import OSLO, LogWatch
from gateway.edge.identity.parties import Registry
from gateway.edge.keys import Unreadable, Vault
from gateway.edge.line import GatewayLine
from gateway.edge.store import statements
from gateway.edge.store.database import Database
from gateway.edge.store.decide import inbound
from gateway.edge.store.review import RECORDS_OF
from gateway.edge.store.rows import Inbound
from gateway.model.intyg import BenefitCertificate, Intyg
from gateway.model.intyg_dialogue import InsurerLetter, Letter
from gateway.model.messages import about, absent
from gateway.policy.routing import How

NOTES: Final = 50
"""The newest messages of a patient that are looked at."""
FOLLOWS: Final = frozenset(
    {
        MessageKind.OPPFOLGINGSPLAN,
        MessageKind.DIALOGMOTE,
        MessageKind.DIALOGMELDING,
        MessageKind.EMPLOYER_DIALOGUE,
        MessageKind.LEGEERKLARING,
        MessageKind.NAV_REQUEST,
        MessageKind.FK7804,
        MessageKind.FK_QUESTION,
        MessageKind.FK_COMPLETION,
        MessageKind.FK_LETTER,
    }
)
"""What follows a first absence day, and is counted by the days until it came."""
ANSWERED: Final = "completion-answered"
"""How many days after Försäkringskassan asked, a completed certificate came."""


def log_watch(database: Database, vault: Vault, line: GatewayLine, registry: Registry) -> LogWatch:
    """Give it. Whoever the law names for some kind of message is nobody new, whatever the message."""
    by_law = [way.route.recipient for way in line.routing.ways if way.how is How.BY_LAW]
    parties = {party.id for role in by_law for party in registry.in_role(role)}
    read = _Records(database, vault, line)
    return LogWatch(database, frozenset(parties), read.covered, read.followed)


class _Records:
    """What the stored messages of a patient say of days, and nothing else of them."""

    def __init__(self, database: Database, vault: Vault, line: GatewayLine) -> None:
        self._database, self._vault, self._line = database, vault, line

    def covered(self, patient: str, day: date) -> bool:
        """Whether a note covers a day, or the month around it."""
        return any(covered(day, absent(record)) for _, record in self._of(patient))

    def followed(self, message: str, patient: str, day: date) -> tuple[tuple[str, int], ...]:
        """Give what a message that came is, and how many days after what it follows."""
        rows = self._database.rows(statements.SOURCES, ids=[message])
        own = self._record(inbound(rows[0])) if rows else None
        kind = _kind(own)
        if kind not in FOLLOWS:
            return ()
        records = list(self._of(patient))
        answered = tuple((ANSWERED, days) for days in _since_asked(own, records, day))
        spans = (span for _, record in records for span in absent(record))
        first = first_day(day, spans, ANEW_SE if isinstance(own, Intyg | Letter) else ANEW)
        if first is None:
            return answered
        earlier = [
            source
            for source, record in records
            if source.id != message and _kind(record) is kind and source.received_at < rows[0].received_at
        ]
        if any(_day(one.received_at) >= first for one in earlier):
            return answered
        return ((kind.value, (day - first).days), *answered)

    def _of(self, patient: str) -> Iterator[tuple[Inbound, Any]]:
        for row in self._database.rows(RECORDS_OF, who=patient, limit=NOTES):
            source = inbound(row)
            yield source, self._record(source)

    def _record(self, source: Inbound) -> Any:
        """Give what a stored message says; nothing for one that was erased, or cannot be read."""
        try:
            raw = self._vault.open("inbound", source.id, source.body, source.wrapped)
            return self._line.again(raw, source.format).record
        except (NotAcceptable, Unreadable):
            return None


def _kind(record: Any) -> MessageKind | None:
    known = about(record)
    return known.kind if known else None


def _since_asked(own: Any, records: list[tuple[Inbound, Any]], day: date) -> Iterator[int]:
    """Give the days since what a completed certificate answers came, where that is there."""
    asked = own.answers if isinstance(own, BenefitCertificate) and own.completes else None
    for source, record in records:
        if asked and isinstance(record, InsurerLetter) and record.id == asked:
            yield (day - _day(source.received_at)).days
            return


def _day(seconds: float) -> date:
    return datetime.fromtimestamp(seconds, OSLO).date()
