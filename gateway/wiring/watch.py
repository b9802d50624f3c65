"""What searches the log of an installation: who gets by statute, and which days a patient's notes are for."""

from datetime import date

from gateway.core.errors import NotAcceptable
from gateway.core.queues import covered
from gateway.edge.identity.parties import Registry
from gateway.edge.keys import Unreadable, Vault
from gateway.edge.line import GatewayLine
from gateway.edge.log_watch import LogWatch
from gateway.edge.store.database import Database
from gateway.edge.store.decide import inbound
from gateway.edge.store.review import RECORDS_OF
from gateway.model.messages import absent
from gateway.policy.routing import How

NOTES: int = 50
"""The newest messages of a patient that are looked at."""


def log_watch(database: Database, vault: Vault, line: GatewayLine, registry: Registry) -> LogWatch:
    """Give it. Whoever the law names for some kind of message is nobody new, whatever the message."""
    by_law = [way.route.recipient for way in line.routing.ways if way.how is How.BY_LAW]
    parties = {party.id for role in by_law for party in registry.in_role(role)}

    def within(patient: str, day: date) -> bool:
        for row in database.rows(RECORDS_OF, who=patient, limit=NOTES):
            source = inbound(row)
            try:
                raw = vault.open("inbound", source.id, source.body, source.wrapped)
                if covered(day, absent(line.again(raw, source.format).record)):
                    return True
            except (NotAcceptable, Unreadable):
                continue
        return False

    return LogWatch(database, frozenset(parties), within)
