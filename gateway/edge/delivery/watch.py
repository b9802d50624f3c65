"""What operators see of delivery: numbers, and an alert when a destination goes down and one when it is back."""

from typing import Final

import structlog
from prometheus_client import Counter, Gauge

EVENTS: Final = Counter("samspill_events_total", "transitions of outgoing messages", ["event"])
ATTEMPTS: Final = Counter("samspill_attempts_total", "delivery attempts, by how they ended", ["destination", "outcome"])
UP: Final = Gauge(
    "samspill_destination_up", "1 while a destination takes messages, 0 while it is down", ["destination"]
)
RECEIPTS: Final = Counter("samspill_receipts_total", "application receipts, by what became of them", ["verdict"])
FAULTS: Final = Counter("samspill_own_faults_total", "messages that could not be decided by a fault of our own")

log = structlog.get_logger(__name__)


def down(party: str) -> None:
    """Alert that a destination takes nothing more."""
    UP.labels(party).set(0)
    log.error("destination-down", destination=party)


def up(party: str) -> None:
    """Tell that a destination is back."""
    UP.labels(party).set(1)
    log.warning("destination-up", destination=party)


def stuck(message: str, failures: int, error: str) -> None:
    """Alert that a message cannot be decided; `error` is the name of what happened, never what it said."""
    FAULTS.inc()
    log.error("message-stuck", message=message, failures=failures, error=error)
