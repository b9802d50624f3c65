"""The terms of delivery, the marks of intake and how long things are kept, as the settings and the register say."""

from tenacity import stop_after_delay

from gateway.core.vocabulary import Role
from gateway.edge.config import Settings
from gateway.edge.delivery.terms import HOUR, Acknowledges, Retry, Terms
from gateway.edge.identity.parties import Party
from gateway.edge.intake import Watermarks
from gateway.edge.retention import Periods


def marks(settings: Settings) -> Watermarks:
    """Give what there must be room for before a message is taken."""
    return Watermarks(settings.free_disk_bytes, settings.waiting_writes, settings.waiting_messages)


def periods(settings: Settings) -> Periods:
    """Give how long what messages and absences said is kept."""
    return Periods(settings.keep_messages_days, settings.keep_absences_days)


def terms(settings: Settings, party: Party) -> Terms:
    """Give the terms of one party: the register's own word first, else the settings'.

    NAV acknowledges by application receipts; with others the transport's answer is all there is.
    """
    own = party.delivery
    return Terms(
        concurrency=own.at_once or settings.delivery_at_once,
        rate=own.per_second or settings.delivery_per_second,
        patience=settings.delivery_attempt_seconds,
        retry=Retry(stop=stop_after_delay(settings.delivery_hours * HOUR)),
        acknowledges=Acknowledges.APPLICATION if Role.NAV in party.roles else Acknowledges.TRANSPORT,
        receipt_within=settings.receipt_hours * HOUR,
        fetches=own.fetches,
    )
