"""The overview, the disclosure log with its filters and copies, and one message as a line from sender to recipients."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from gateway.console import story
from gateway.console.desk import Desk, case_name
from gateway.console.sessions import Session, Standing
from gateway.console.visit import Visit
from gateway.console.words import OSLO
from gateway.core.audit import AuditAction, AuditEntry, Outcome
from gateway.core.errors import Issue, NotAcceptable
from gateway.core.vocabulary import Purpose
from gateway.edge.audit.export import csv_lines, json_text, proven
from gateway.edge.audit.search import Filter, Found, search_all
from gateway.edge.audit.tree import LAST
from gateway.edge.store import statements

PAGE: Final = 50
MOST_EXPORTED: Final = 100_000
TRUSTED: Final = 86400.0
"""Seconds that a verification is relied on."""
LEAST: Final = 7
"""Days with traffic before anything can be called unusual."""
NEW: Final = 300.0
"""Seconds after which a checkpoint is told to be old."""

VIEWS: Final[Mapping[str, tuple[tuple[AuditAction, ...], tuple[Outcome, ...]]]] = {
    "decisions": ((AuditAction.DECIDED,), ()),
    "refused": ((AuditAction.DECIDED,), (Outcome.DENIED,)),
    "sent": ((AuditAction.DISCLOSED, AuditAction.HANDED_OVER, AuditAction.RECEIPT), ()),
    "consents": ((AuditAction.CONSENT, AuditAction.DESTINATION_ADDED, AuditAction.REOPENED), ()),
    "glass": ((AuditAction.GLASS_ASKED, AuditAction.GLASS_OPENED), ()),
    "reviews": ((AuditAction.REVIEW_READ, AuditAction.CASE_NOTED, AuditAction.REVIEWED), ()),
    "looks": ((AuditAction.LOG_READ, AuditAction.LOG_EXPORT), ()),
    "all": ((), ()),
}
FILTERS: Final = frozenset(
    {"view", "patient", "recipient", "purpose", "outcome", "message", "since", "until", "before"}
)
"""What an address of the log may say. Anything else is a filter that somebody mistyped."""


@dataclass(frozen=True, slots=True)
class Todo:
    """Something that waits: what (a word of `todo`), how many, since when, where, and by when (epoch seconds)."""

    what: str
    number: int
    oldest: float
    address: str
    due: float | None


def overview(visit: Visit) -> Response:
    """Say what needs the officer, how the last thirty days were, and how the log is."""
    desk = visit.desk
    desk.look(visit.session, "overview")
    whole = desk.tally.count()
    days = desk.tally.days()
    rules = desk.rulebook.table.rules
    return visit.page(
        "overview",
        todo=list(_todo(desk)),
        days=days,
        series=_series(days),
        whole=whole,
        today=days[-1][1],
        health=health(desk),
        now=desk.database.time(),
        unusual=_unusual(days),
        reviewed=sum(rule.reviewed for rule in rules),
        rules=len(rules),
    )


def _todo(desk: Desk) -> Iterator[Todo]:
    for one in desk.review.waiting():
        address = f"/case/{one.any}" if one.number == 1 else f"/cases?kind={one.kind}"
        yield Todo(one.kind, one.number, one.oldest, address, one.due)
    dead = desk.database.rows(statements.DEAD_LETTERS, limit=1000)
    if dead:
        yield Todo("dead", len(dead), min(row.created_at for row in dead), "/recipients", None)


def _series(days: list[tuple[Any, Any]]) -> list[tuple[str, list[int], int]]:
    """Give, for each outcome, its numbers day by day and the greatest of them."""
    named = ("whole", "withheld", "refused")
    rows = [(name, [getattr(day, name) for _, day in days]) for name in named]
    return [(name, numbers, max(numbers)) for name, numbers in rows]


def _unusual(days: list[tuple[Any, Any]]) -> list[tuple[str, int, int, int]]:
    """Give what is above the usual range today (the tenth to the ninetieth of a hundred of the days before)."""
    if sum(1 for _, day in days[:-1] if day.accepted) < LEAST:
        return []
    found = []
    for name in ("refused", "rejected", "glass"):
        earlier = sorted(getattr(day, name) for _, day in days[:-1])
        low, high = earlier[len(earlier) // 10], earlier[len(earlier) * 9 // 10]
        today = getattr(days[-1][1], name)
        if today > high:
            found.append((name, today, low, high))
    return found


def health(desk: Desk) -> dict[str, Any]:
    """Give how the log is: its size, its last checkpoint, the last verification. Unknown is never good."""
    rows = desk.database.rows(LAST)
    last, now = (rows[0] if rows else None), desk.database.time()
    checked = desk.guard.last()
    state = "unknown"
    if checked is not None:
        state = "broken" if checked.flaws else "whole" if now - checked.at < TRUSTED else "unknown"
    return {
        "state": state,
        "size": desk.tally.size,
        "checkpoint": last.at if last else None,
        "late": last is None or (now - last.at > NEW and last.size < desk.tally.size),
        "anchored": len(desk.anchors.sizes()),
        "checked": checked,
    }


def listing(visit: Visit) -> Response:
    """Give a page of the log as its filters say. The looking is in the log first."""
    wanted = asked(visit)
    patient = wanted.patient
    visit.desk.look(visit.session, "log", patient=patient, sought=wanted.names)
    found = visit.desk.entries(wanted, PAGE + 1)
    query = {name: value for name, value in visit.query.items() if value and name != "before"}
    following = urlencode({**query, "before": found[PAGE - 1].entry.id}) if len(found) > PAGE else ""
    rows = [one.entry for one in found[:PAGE]]
    by_day = [(day, list(items)) for day, items in groupby(rows, key=lambda one: visit.words.day(one.recorded_at))]
    chips = [(name, value, urlencode({n: v for n, v in query.items() if n != name})) for name, value in query.items()]
    return visit.page(
        "log",
        by_day=by_day,
        number=len(rows),
        following=following,
        query=visit.query,
        views=list(VIEWS),
        view=visit.query.get("view", "decisions"),
        chips=[chip for chip in chips if chip[0] != "view"],
        purposes=list(Purpose),
        parties=sorted(visit.desk.registry.parties.values(), key=lambda one: one.name),
        reason_of=reason_of,
        export=urlencode(query),
        patient=patient,
    )


def reason_of(entry: AuditEntry) -> str:
    """Give what tells most of an entry in one word: the first rule that forbade, or why it went as it did."""
    disclosure = entry.disclosure
    if disclosure is not None and disclosure.forbade and entry.action is AuditAction.DECIDED:
        return disclosure.forbade[0]
    return ""


def asked(visit: Visit) -> Filter:
    """Read the filters of an address. Raises `NotAcceptable` for one that cannot be read: it would widen the search."""
    query = visit.query
    if not query.keys() <= FILTERS:
        _wrong("filter")
    actions, outcomes = VIEWS.get(query.get("view", "") or "decisions", VIEWS["all"])
    if query.get("outcome"):
        outcomes = tuple(one for one in Outcome if one == query["outcome"]) or _wrong("outcome")
    handle = query.get("patient", "")
    patient = visit.session.pseudonym(handle)
    if handle and not patient:
        _wrong("patient")
    return Filter(
        patient=patient,
        recipient=query.get("recipient", ""),
        purpose=query.get("purpose", ""),
        actions=actions,
        outcomes=outcomes,
        message=query.get("message", ""),
        since=day_of(query.get("since", "")),
        until=day_of(query.get("until", ""), 1),
        before=query.get("before", ""),
    )


def _wrong(where: str) -> Any:
    raise NotAcceptable([Issue("value", where, "this filter cannot be read", "clear it and try again")])


def day_of(text: str, later: int = 0) -> float | None:
    """Read a day (`20.11.2026`, `20.11`, `2026-11-20`, `i dag`, `-7d`): its first moment, or the next day's."""
    if not text:
        return None
    today = datetime.now(OSLO).replace(hour=0, minute=0, second=0, microsecond=0)
    word = text.strip().lower()
    try:
        if word in {"i dag", "idag", "today"}:
            day = today
        elif word.startswith("-") and word.endswith("d"):
            day = today - timedelta(days=int(word[1:-1]))
        elif "-" in word:
            day = datetime.combine(date.fromisoformat(word), time(), OSLO)
        else:
            date_, month, *year = (int(one) for one in word.rstrip(".").split(".", 2))
            day = today.replace(day=1, year=year[0] if year else today.year, month=month).replace(day=date_)
        return (day + timedelta(days=later)).timestamp()
    except (ValueError, IndexError, TypeError, OverflowError):
        return float(_wrong("date"))


def export(visit: Visit) -> Response:
    """Give a copy of what the filters find; that it was taken is in the log first."""
    wanted = asked(visit)
    visit.desk.look(visit.session, "log", patient=wanted.patient, sought=wanted.names, action=AuditAction.LOG_EXPORT)
    return copy(visit.desk, wanted, visit.form.get("format", ""))


def copy(desk: Desk, wanted: Filter, form: str) -> Response:
    """Give entries as a file: CSV, a FHIR Bundle, or JSON with proofs. Raises `NotAcceptable` for another form."""
    found = _some(desk, wanted)
    if form == "csv":
        return _file("".join(csv_lines(found)), "text/csv; charset=utf-8", "samspill-log.csv")
    if form == "fhir":
        return _file(json.dumps(desk.bundle(found)), "application/fhir+json", "samspill-log.fhir.json")
    if form == "proofs":
        rows = desk.database.rows(LAST)
        if not rows:
            raise NotAcceptable([Issue("processing", "format", "there is no checkpoint yet", "wait a minute")])
        document = proven(desk.database, desk.key, rows[0].note, found, ())
        return _file(json_text(document), "application/json", "samspill-log.json")
    return Response(status_code=int(_wrong("format")))


def _some(desk: Desk, wanted: Filter) -> list[Found]:
    found = []
    for one in search_all(desk.database, wanted):
        found.append(one)
        if len(found) >= MOST_EXPORTED:
            break
    return found


def _file(text: str, media: str, name: str) -> Response:
    return Response(text, media_type=media, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def message(visit: Visit) -> Response:
    """Give one message as a line: what came, what was decided for each recipient and why, and what became of it."""
    told = story.of(visit.desk, visit.session, visit.path["id"], visit.words.language)
    return visit.page("message", story=told, case_name=case_name)


def proof(visit: Visit) -> Response:
    """Give the entries of one message with the proof that the signed log holds them."""
    name = visit.path["id"]
    source = story.source(visit.desk, name)
    visit.desk.look(visit.session, "message", patient=source.patient, message=source.id, action=AuditAction.LOG_EXPORT)
    return copy(visit.desk, Filter(message=name), "proofs")


def reason(visit: Visit) -> Response:
    """Set the reason that the officer's looking is logged with."""
    return set_reason(visit.session, visit)


def set_reason(session: Session, visit: Visit) -> Response:
    """Take one of the reasons there are."""
    chosen = visit.form.get("reason", "")
    if visit.words.word("reasons", chosen) == chosen:
        _wrong("reason")
    session.reason = chosen
    return visit.go("/overview", "reason")


OFFICER = (Standing.OFFICER,)
PAGES = (
    ("GET", "/overview", OFFICER, overview),
    ("GET", "/log", OFFICER, listing),
    ("POST", "/log/export", OFFICER, export),
    ("GET", "/message/{id}", OFFICER, message),
    ("POST", "/message/{id}/proof", OFFICER, proof),
    ("POST", "/reason", OFFICER, reason),
)
