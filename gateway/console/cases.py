"""The officers' queue: what is held, broken glass, and what the log was searched for; taken, noted on and closed.

A finding is chosen from a list. Notes are words, kept encrypted with the patient's other data, and gone with them.
"""

from typing import Any, Final

from starlette.responses import Response

from gateway.console.desk import Desk
from gateway.console.log import day_of
from gateway.console.sessions import Standing
from gateway.console.visit import Visit
from gateway.core.audit import AuditAction
from gateway.core.errors import Issue, NotAcceptable
from gateway.core.queues import FOUND, Queue
from gateway.edge.audit.search import Filter
from gateway.edge.audit.watch import volumes
from gateway.edge.review import Doing, Item
from gateway.edge.store import statements
from gateway.edge.store.review import GLASS, HELD

FINDINGS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    HELD: {
        "clear": ("no-health-information", "patient-wants-it"),
        "refuse": ("names-an-illness", "not-needed", "about-others"),
    },
    GLASS: {"close": ("was-an-emergency", "no-emergency-incident", "wrong-patient-incident")},
    **{kind.value: {"close": ("in-order", "explained", "cannot-tell", "incident")} for kind in FOUND},
}
"""What an officer can find, by kind of case and by what becomes of it: codes."""
STEPS: Final = ("noted", "explanation-asked", "explanation-got")
"""What an officer can do with a case short of closing it, besides taking it and setting its day."""
LONGEST: Final = 2000
SHOWN: Final = 200


def cases(visit: Visit) -> Response:
    """List what waits, what is due first before the rest, or all there was, the newest first."""
    visit.desk.look(visit.session, "cases")
    waits = visit.query.get("status", "open") == "open"
    kind = next((one.value for one in Queue if one == visit.query.get("kind")), "")
    review = visit.desk.review
    items = review.due(kind, SHOWN) if waits else review.items(None, kind, SHOWN)
    numbers = {one.kind: one.number for one in review.waiting()}
    now = visit.desk.database.time()
    return visit.page("cases", items=items, kind=kind, open=waits, numbers=numbers, kinds=list(Queue), now=now)


def case(visit: Visit) -> Response:
    """Give one case: what happened, what waits, what can be found."""
    item = _item(visit)
    return visit.page("case", **_shown(visit.desk, item), values=None, wrong="")


def read(visit: Visit) -> Response:
    """Show what is held, in its own case, once the log tells of it."""
    item = _item(visit)
    values = visit.desk.review.read(item.id, visit.desk.officer(visit.session), visit.session.reason)
    return visit.page("case", **_shown(visit.desk, item), values=values, wrong="")


def note(visit: Visit) -> Response:
    """Take a case, set its day, or note something on it; the log tells that it was done, and not what was written."""
    item = _item(visit)
    doing = _doing(visit)
    if doing is None:
        return visit.page("case", 422, **_shown(visit.desk, item), values=None, wrong="note")
    visit.desk.review.note(item.id, visit.desk.officer(visit.session), doing)
    return visit.go(f"/case/{item.id}", f"case-{'taken' if doing.step == 'taken' else 'noted'}")


def _doing(visit: Visit) -> Doing | None:
    """Read what is to be done; nothing when there is nothing, or too much."""
    step, text = visit.form.get("step", ""), visit.form.get("text", "").strip()
    if step == "taken":
        return Doing(step, owner=visit.session.actor)
    following = day_of(visit.form.get("due", ""), 1)
    until = following - 1 if following else None
    if step not in STEPS or len(text) > LONGEST or not (text or until or step != "noted"):
        return None
    return Doing("due-set" if until and not text and step == "noted" else step, text, until=until)


def close(visit: Visit) -> Response:
    """Work off a case, and go on to the next."""
    item = _item(visit)
    act, _, finding = visit.form.get("finding", "").partition(":")
    if finding not in FINDINGS[item.kind].get(act, ()):
        return visit.page("case", 422, **_shown(visit.desk, item), values=None, wrong="close")
    doing = {"clear": visit.desk.review.clear, "refuse": visit.desk.review.refuse, "close": visit.desk.review.close}
    doing[act](item.id, visit.desk.officer(visit.session), finding)
    return visit.go("/cases", f"case-{act}")


def _item(visit: Visit) -> Item:
    item = visit.desk.review.item(visit.path["id"])
    visit.desk.look(
        visit.session, "case", patient=item.patient, message=item.message or item.id, action=AuditAction.REVIEW_READ
    )
    if item.kind not in FINDINGS:
        raise NotAcceptable([Issue("not-supported", "", "this kind of case is not known here")])
    return item


def _shown(desk: Desk, item: Item) -> dict[str, Any]:
    """Give what the page shows of a case: the rules in play, what the log has of it, and whether it may be closed."""
    rules = {rule.id: rule for rule in desk.rulebook.table.rules}
    sources = desk.database.rows(statements.MESSAGE, id=item.message) if item.message else []
    return {
        "item": item,
        "held": [(one, rules.get(one.rule)) for one in item.held],
        "entries": [one.entry for one in desk.entries(_about(item), 50)],
        "findings": FINDINGS[item.kind],
        "found": item.kind in FOUND,
        "source": sources[0].inbound if sources else "",
        "earlier": _earlier(desk, item),
        "notes": desk.review.notes(item.id),
        "steps": STEPS,
        "days": volumes(desk.database, item.party, item.reason) if item.kind == Queue.VOLUME else [],
        "now": desk.database.time(),
    }


def _about(item: Item) -> Filter:
    """Give what the log is asked for a case."""
    match item.kind:
        case Queue.GLASS:
            return Filter(patient=item.patient)
        case Queue.VOLUME:
            day = item.reason.partition("/")[2]
            return Filter(agent=item.party, since=day_of(day), until=day_of(day, 1))
        case _:
            return Filter(message=item.message)


def _earlier(desk: Desk, item: Item) -> int:
    """Give how many other cases of the kind there were with the same party, among the last ones."""
    same = [one for one in desk.review.items(None, item.kind, 500) if one.party == item.party and one.id != item.id]
    return len(same)


OFFICER = (Standing.OFFICER,)
PAGES = (
    ("GET", "/cases", OFFICER, cases),
    ("GET", "/case/{id}", OFFICER, case),
    ("POST", "/case/{id}/read", OFFICER, read),
    ("POST", "/case/{id}/note", OFFICER, note),
    ("POST", "/case/{id}/close", OFFICER, close),
)
