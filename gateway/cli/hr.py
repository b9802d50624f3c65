"""`samspill hr`: what would become of an absence file, and a profile to begin with for a system that has none."""

import itertools
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.watch import watch
from gateway.core.errors import Issue
from gateway.edge.library import default_folder
from gateway.wiring.absences import Profiles, Tally, error_lines, outcomes, propose, refusals

SHOWN = 20
"""Most refused cells that are shown; the file of errors has all."""

NOT_ACCEPTABLE = 3


def register(app: typer.Typer) -> None:
    """Add the commands."""
    hr = typer.Typer(help="Absence files of HR and payroll systems.", no_args_is_help=True)
    hr.command("check")(check)
    hr.command("profile")(profile)
    hr.command("profiles")(profiles)
    hr.command("watch")(watch)
    app.add_typer(hr, name="hr")


def check(
    file: Annotated[Path, typer.Argument(help="The absence file.")],
    profile: Annotated[str, typer.Option("--profile", help="The system's profile: its name, or a profile.yaml.")],
    errors: Annotated[Path | None, typer.Option("--errors", help="Write every refused cell here, for Excel.")] = None,
    *,
    synthetic: Annotated[
        bool, typer.Option("--synthetic", help="Accept persons of the synthetic series, and no others.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False,
) -> None:
    """Say what would become of each row of an absence file; nothing is sent or kept. Exit 3 when a row is refused.

    Example: samspill hr check absences.csv --profile generic-csv --errors errors.csv
    """
    known = Profiles(default_folder()).get(profile)
    tally = Tally()
    with file.open("rb") as source:
        found = refusals(outcomes(source, known, tally, synthetic=synthetic))
        shown = list(itertools.islice(found, SHOWN))
        rest = _rest(shown, found, errors, tally)
    if as_json:
        typer.echo(json.dumps(_counts(tally) | {"issues": [asdict(one) for one in (*shown, *tally.stopped)]}, indent=1))
    else:
        for issue in shown:
            typer.echo(str(issue), err=True)
        if rest:
            where = f"; {errors} has all" if errors else "; --errors FILE writes all"
            typer.echo(f"and {rest} more{where}", err=True)
        _say(tally)
    if not tally.whole:
        raise typer.Exit(NOT_ACCEPTABLE)


def _rest(shown: list[Issue], found: Iterable[Issue], errors: Path | None, tally: Tally) -> int:
    """Go through the rest of the file, writing errors if asked to; give how many issues are not among those shown."""
    if errors is None:
        return sum(1 for _ in found)
    written = -1
    with errors.open("w", encoding="utf-8", newline="") as out:
        every = itertools.chain(shown, found, (issue for issue in _late(tally)))
        for written, line in enumerate(error_lines(every)):  # noqa: B007
            out.write(line)
    return written - len(shown) - len(tally.stopped)


def _late(tally: Tally) -> Iterable[Issue]:
    """Give why the file stopped, asked when it has."""
    yield from tally.stopped


def _counts(tally: Tally) -> dict[str, Any]:
    noted = sorted({issue.what for issue in tally.noted})
    return {"good": tally.good, "refused": tally.refused, "not-absence": tally.ignored, "noted": noted}


def _say(tally: Tally) -> None:
    for what in sorted({issue.what for issue in tally.noted}):
        typer.echo(f"noted: {what}", err=True)
    for issue in tally.stopped:
        typer.echo(f"stopped: {issue}", err=True)
    typer.echo(f"{tally.good} good rows, {tally.refused} rows refused, {tally.ignored} rows are no absence")
    if tally.stopped:
        typer.echo("the file was not read to its end")


def profile(
    file: Annotated[Path, typer.Argument(help="A sample of what the system exports.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Write it here, not to the terminal.")] = None,
) -> None:
    """Propose a profile from a sample: encoding, columns, dates. What codes mean is left open, for a person to say.

    Example: samspill hr profile absences.csv -o profile.yaml
    """
    with file.open("rb") as source:
        made = propose(source)
    if out is None:
        typer.echo(made, nl=False)
    else:
        out.write_text(made, "utf-8")


def profiles(*, as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False) -> None:
    """List the profiles: name, what it is written in, how well it is known, title.

    Example: samspill hr profiles
    """
    known = Profiles(default_folder()).known.values()
    if as_json:
        rows = [{"name": one.name, "format": one.format, "status": one.status, "title": one.title} for one in known]
        typer.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    for one in known:
        typer.echo(f"{one.name:<18}  {one.format:<6}  {one.status:<8}  {one.title}")
