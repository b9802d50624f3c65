"""What keeps running: recipients and dead letters, the log's proofs, and statistics without persons."""

from typing import Any, Final

from sqlalchemy import case, func, select
from starlette.responses import Response

from gateway.console import statistics
from gateway.console.desk import Desk
from gateway.console.log import health
from gateway.console.sessions import Standing
from gateway.console.visit import Visit
from gateway.edge.audit.stamps import BadStamp
from gateway.edge.store import statements
from gateway.edge.store.schema import log_checkpoint, outbound

SHOWN: Final = 100
SHOWN_CHECKS: Final = 10
SHOWN_POINTS: Final = 20
CHECKPOINTS: Final = select(log_checkpoint).order_by(log_checkpoint.c.size.desc()).limit(SHOWN_POINTS)
QUEUED: Final = (
    select(
        outbound.c.destination,
        func.count().label("number"),
        func.min(outbound.c.created_at).label("oldest"),
        func.sum(case((outbound.c.sending, 1), else_=0)).label("sending"),
    )
    .where(outbound.c.open.is_(True))
    .group_by(outbound.c.destination)
)


def recipients(visit: Visit) -> Response:
    """Say how each recipient is reached, and what could not be delivered: nothing of a person, nor what it is about."""
    desk = visit.desk
    desk.look(visit.session, "recipients")
    up = {row.name: row for row in desk.database.rows(statements.DESTINATIONS)}
    queued = {row.destination: row for row in desk.database.rows(QUEUED)}
    parties = sorted(desk.registry.parties.values(), key=lambda one: one.name)
    dead = desk.database.rows(statements.DEAD_LETTERS, limit=SHOWN)
    now = desk.database.time()
    held = desk.standings()
    return visit.page("recipients", parties=parties, up=up, queued=queued, dead=dead, held=held, now=now)


def proofs(visit: Visit) -> Response:
    """Say whether the log is whole, who else says so, and what that does not prove."""
    desk = visit.desk
    desk.look(visit.session, "log-check")
    desk.tally.count()
    return visit.page(
        "check",
        health=health(desk),
        checkpoints=desk.database.rows(CHECKPOINTS),
        anchored=desk.anchors.sizes(),
        stamped=_stamped(desk),
        running=desk.verification.progress,
        failed=desk.verification.failed,
        history=desk.guard.history(SHOWN_CHECKS),
        key=str(desk.key),
        now=desk.database.time(),
    )


def _stamped(desk: Desk) -> dict[int, float | None]:
    """Give when each checkpoint was stamped by an authority (epoch seconds); nothing for a stamp that is not right."""
    found: dict[int, float | None] = {}
    if desk.guard.stamps is None:
        return found
    for size, note, stamp in desk.anchors.stamps(SHOWN_POINTS):
        try:
            found[size] = desk.guard.stamps.opened(stamp, note).timestamp()
        except BadStamp:
            found[size] = None
    return found


def verify(visit: Visit) -> Response:
    """Begin to verify the whole log; the page says how far it has come."""
    visit.desk.look(visit.session, "verify")
    visit.desk.verification.start(visit.session.actor)
    return visit.go("/check")


def checkpoint(visit: Visit) -> Response:
    """Give the newest signed checkpoint, for whoever wants to hold the log against it later."""
    visit.desk.look(visit.session, "checkpoint")
    rows: list[Any] = visit.desk.database.rows(CHECKPOINTS)
    note = rows[0].note if rows else ""
    headers = {"Content-Disposition": 'attachment; filename="samspill.checkpoint"'}
    return Response(note, media_type="text/plain; charset=utf-8", headers=headers)


def numbers(visit: Visit) -> Response:
    """Give statistics without persons."""
    visit.desk.look(visit.session, "statistics")
    return visit.page("statistics", told=statistics.of(visit.desk))


OFFICER = (Standing.OFFICER,)
RUNNING = (Standing.OFFICER, Standing.OPERATOR)
PAGES = (
    ("GET", "/recipients", RUNNING, recipients),
    ("GET", "/check", RUNNING, proofs),
    ("POST", "/check", RUNNING, verify),
    ("GET", "/check/checkpoint", RUNNING, checkpoint),
    ("GET", "/statistics", OFFICER, numbers),
)
