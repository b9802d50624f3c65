"""The officers' queue: held texts and broken glass, a case at a time, with a finding from a list and no free text."""

from typing import Any, Final

from starlette.responses import Response

from gateway.console.desk import Desk
from gateway.console.sessions import Standing
from gateway.console.visit import Visit
from gateway.core.audit import AuditAction
from gateway.core.errors import Issue, NotAcceptable
from gateway.edge.log_search import Filter
from gateway.edge.review import Item
from gateway.edge.store import statements
from gateway.edge.store.review import GLASS, HELD, Status

FINDINGS: Final = {
    "clear": ("no-health-information", "patient-wants-it"),
    "refuse": ("names-an-illness", "not-needed", "about-others"),
    "close": ("was-an-emergency", "no-emergency-incident", "wrong-patient-incident"),
}
"""What an officer can find, by what becomes of the case: codes, so that no health information is written down anew."""


def cases(visit: Visit) -> Response:
    """List what waits, the oldest first, or what was closed."""
    visit.desk.look(visit.session, "cases")
    status = Status.OPEN if visit.query.get("status", "open") == "open" else None
    kind = visit.query.get("kind", "")
    items = visit.desk.review.items(status, kind if kind in {HELD, GLASS} else "", 200)
    if status is Status.OPEN:
        items.reverse()
    return visit.page("cases", items=items, kind=kind, open=status is Status.OPEN, now=visit.desk.database.time())


def case(visit: Visit) -> Response:
    """Give one case: what happened, what waits, what can be found."""
    item = _item(visit)
    return visit.page("case", **_shown(visit.desk, item), values=None)


def read(visit: Visit) -> Response:
    """Show what is held, in its own case, once the log tells of it."""
    item = _item(visit)
    values = visit.desk.review.read(item.id, visit.desk.officer(visit.session), visit.session.reason)
    return visit.page("case", **_shown(visit.desk, item), values=values)


def close(visit: Visit) -> Response:
    """Work off a case, and go on to the next."""
    item = _item(visit)
    act, _, finding = visit.form.get("finding", "").partition(":")
    allowed = ("close",) if item.kind == GLASS else ("clear", "refuse")
    if act not in allowed or finding not in FINDINGS[act]:
        return visit.page("case", 422, **_shown(visit.desk, item), values=None, wrong=True)
    doing = {"clear": visit.desk.review.clear, "refuse": visit.desk.review.refuse, "close": visit.desk.review.close}
    doing[act](item.id, visit.desk.officer(visit.session), finding)
    return visit.go("/cases", f"case-{act}")


def _item(visit: Visit) -> Item:
    item = visit.desk.review.item(visit.path["id"])
    visit.desk.look(
        visit.session, "case", patient=item.patient, message=item.message or item.id, action=AuditAction.REVIEW_READ
    )
    if item.kind not in {HELD, GLASS}:
        raise NotAcceptable([Issue("not-supported", "", "this kind of case is not known here")])
    return item


def _shown(desk: Desk, item: Item) -> dict[str, Any]:
    """Give what the page shows of a case: the rules in play, what the log has of it, and whether it may be closed."""
    rules = {rule.id: rule for rule in desk.rulebook.table.rules}
    held = [(one, rules.get(one.rule)) for one in item.held]
    of = Filter(patient=item.patient) if item.kind == GLASS else Filter(message=item.message)
    entries = [one.entry for one in desk.entries(of, 50)]
    sources = desk.database.rows(statements.MESSAGE, id=item.message) if item.message else []
    return {
        "item": item,
        "held": held,
        "entries": entries,
        "findings": FINDINGS,
        "source": sources[0].inbound if sources else "",
        "wrong": False,
        "earlier": _earlier(desk, item),
    }


def _earlier(desk: Desk, item: Item) -> int:
    """Give how many other cases of the kind there were with the same party, among the last ones."""
    same = [one for one in desk.review.items(None, item.kind, 500) if one.party == item.party and one.id != item.id]
    return len(same)


OFFICER = (Standing.OFFICER,)
PAGES = (
    ("GET", "/cases", OFFICER, cases),
    ("GET", "/case/{id}", OFFICER, case),
    ("POST", "/case/{id}/read", OFFICER, read),
    ("POST", "/case/{id}/close", OFFICER, close),
)
