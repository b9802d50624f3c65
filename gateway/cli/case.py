"""`samspill case`: what the law asks for in a sick-leave case, and when."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway import flow
from gateway.core.errors import Issue, NotAcceptable
from gateway.edge.library import default_folder
from gateway.model import SickLeaveCertificate
from gateway.model.absence import Absence
from gateway.model.episode import Calendar, certified, episodes, spells
from gateway.model.intyg import Intyg
from gateway.model.measures import FEWEST, absence_by_month
from gateway.model.messages import absent
from gateway.model.timeline import Entry, Signal, signals, timeline
from gateway.wiring.absences import Profiles, records
from gateway.wiring.followup import as_fhir, load
from gateway.wiring.formats import installed


def register(app: typer.Typer) -> None:
    """Add the command."""
    case = typer.Typer(help="Sick-leave cases.", no_args_is_help=True)
    case.callback()(_nothing)
    case.command("timeline")(show)
    case.command("months")(months)
    app.add_typer(case, name="case")


def _nothing() -> None:
    """Sick-leave cases."""


def show(
    file: Annotated[Path, typer.Argument(help="The absence file.")],
    profile: Annotated[str, typer.Option("--profile", help="The system's profile: its name, or a profile.yaml.")],
    row: Annotated[int, typer.Option("--row", help="A row of the person whose case it is; nobody is named here.")],
    certificates: Annotated[list[Path] | None, typer.Option("--certificate", help="A sick note of the person.")] = None,
    source: Annotated[str, typer.Option("--from", help="What the notes are written in.")] = "fhir",
    today: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day to look from.")] = None,
    *,
    law: Annotated[str, typer.Option("--law", help="Whose law: norway or sweden.")] = "norway",
    synthetic: Annotated[
        bool, typer.Option("--synthetic", help="Accept persons of the synthetic series only.")
    ] = False,
    fhir: Annotated[bool, typer.Option("--fhir", help="A FHIR CarePlan with Tasks instead of text.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False,
) -> None:
    """Show the statutory points of the latest case of one person in an absence file, each with its basis.

    Example: samspill case timeline absences.csv --profile generic-csv --row 2
    """
    day = (today or datetime.now(UTC)).date()
    with file.open("rb") as given:
        found = dict(records(given, Profiles(default_folder()).get(profile), synthetic=synthetic))
    if row not in found:
        raise NotAcceptable(
            [Issue("value", f"row {row}", "there is no absence in this row", "see `samspill hr check`")]
        )
    who = found[row].patient
    own = [one for one in found.values() if _same(one, found[row])]
    notes = _notes(certificates or [], source, who.id.value if who.id else "")
    rules = load(default_folder(), law)
    every = certified(spells(own, rules.calendar), [span for note in notes for span in absent(note)])
    cases = episodes(every, rules.between)
    if not cases:
        raise NotAcceptable([Issue("value", f"row {row}", "the person has no absence for illness in the file")])
    entries, seen = timeline(cases[-1], rules, day), signals(every, rules.signals, day)
    first = cases[-1][0].start
    if fhir:
        typer.echo(json.dumps(as_fhir(who.id, first, entries), indent=1, ensure_ascii=False))
    elif as_json:
        typer.echo(json.dumps(_told(first, entries, seen), indent=1, ensure_ascii=False))
    else:
        _say(cases, entries, seen, (day, rules.calendar))


def months(
    file: Annotated[Path, typer.Argument(help="The absence file.")],
    profile: Annotated[str, typer.Option("--profile", help="The system's profile: its name, or a profile.yaml.")],
    today: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day that is counted.")] = None,
    *,
    law: Annotated[str, typer.Option("--law", help="Whose days off: norway or sweden.")] = "norway",
    synthetic: Annotated[
        bool, typer.Option("--synthetic", help="Accept persons of the synthetic series only.")
    ] = False,
) -> None:
    """Show the absence for illness in a file by month, without persons; numbers on few people are not shown.

    Example: samspill case months absences.csv --profile generic-csv
    """
    day = (today or datetime.now(UTC)).date()
    people: dict[Any, list[Absence]] = {}
    with file.open("rb") as given:
        for _, one in records(given, Profiles(default_folder()).get(profile), synthetic=synthetic):
            people.setdefault(one.patient.id or one.patient.employee, []).append(one)
    calendar = load(default_folder(), law).calendar
    for month in absence_by_month([spells(one, calendar) for one in people.values()], day):
        told = f"fewer than {FEWEST} people" if month.people is None else f"{month.people} people, {month.days} days"
        typer.echo(f"{month.first:%Y-%m}  {told}")


def _same(one: Absence, other: Absence) -> bool:
    if one.patient.id and other.patient.id:
        return one.patient.id == other.patient.id
    return one.patient.employee is not None and one.patient.employee == other.patient.employee


def _notes(paths: list[Path], source: str, number: str) -> list[Any]:
    """Give the notes; one of another person is refused, and so is one for somebody known by employee number alone."""
    known = installed()[1]
    if source not in known:
        raise typer.BadParameter(f"there is no format {source}; `samspill formats` lists them")
    found = []
    for path in paths:
        record = flow.parse(known[source], path.read_bytes()).record
        if not isinstance(record, SickLeaveCertificate | Intyg):
            raise NotAcceptable([Issue("value", str(path), "this is not a sick note")])
        if record.patient.id is None or record.patient.id.value != number:
            what = "the note is not certainly about the same person"
            raise NotAcceptable([Issue("value", str(path), what, "both need the same personal number")])
        found.append(record)
    return found


def _told(first: date, entries: list[Entry], seen: list[Signal]) -> dict[str, Any]:
    return {
        "first-day": first.isoformat(),
        "points": [
            {
                "id": one.point.id,
                "by": one.by.isoformat(),
                "due": one.due,
                "who": one.point.who,
                "basis": one.point.basis,
            }
            | {"status": one.point.status, "nb": one.point.nb, "en": one.point.en, "sv": one.point.sv}
            for one in entries
        ],
        "signals": [{"id": one.id, "basis": one.basis, "nb": one.nb, "en": one.en} for one in seen],
    }


def _say(cases: list[Any], entries: list[Entry], seen: list[Signal], by: tuple[date, Calendar]) -> None:
    day, calendar = by
    for spell in cases[-1]:
        end = spell.end or day
        worked = calendar.working_days(spell.start, max(end, spell.start))
        until = spell.end.isoformat() if spell.end else "goes on"
        degree = f"{spell.degree} %" if spell.degree else "degree not said"
        typer.echo(f"{spell.start} to {until}: {spell.kind}, {degree}, {spell.days(day)} days, {worked} working days")
    for one in entries:
        typer.echo(
            f"{one.by}  {one.due:<11}  {one.point.who:<9}  {one.point.en}  [{one.point.basis}; {one.point.status}]"
        )
    for rule in seen:
        typer.echo(f"look: {rule.en}  [{rule.basis}; {rule.status}]")
