"""The operational log: JSON lines of events and codes on standard error. Never a value of a person.

The disclosure log is another thing: it is in the database, in the transaction it tells of (`edge.audit.append`).
"""

import logging
import sys

import structlog

from gateway.edge.identity.redact import redact


def configure(*, quiet: bool = False) -> None:
    """Set up structlog for the process; `quiet` shows only what somebody has to act on."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            redact,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL if quiet else logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
