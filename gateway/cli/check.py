"""`samspill check`: everything that can be wrong with our own data, found before any message is."""

import json
import time
from pathlib import Path
from typing import Annotated

import typer

from gateway.core.errors import ConfigurationError
from gateway.edge.config import Settings
from gateway.edge.examples import run_examples
from gateway.edge.library import Library
from gateway.navrules import load as nav_rules
from gateway.policy import prove, routing
from gateway.wiring import followup, preflight
from gateway.wiring.absences import Profiles
from gateway.wiring.formats import Formats


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


def check(
    mappings: Annotated[Path | None, typer.Option(help="The folder of mappings, codes, rules and schemas.")] = None,
    *,
    mutate: Annotated[
        bool, typer.Option("--mutate", help="Also change every rule and see that the proof notices.")
    ] = False,
    write: Annotated[
        bool, typer.Option("--write", help="First make the published Questionnaires anew from their mappings.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False,
) -> None:
    """Compile all mapping, code and rule data, run the examples beside them, prove the rules' invariants.

    All faults at once, each as file:line:column. Where an installation is set (`SAMSPILL_*` or samspill.toml), it is
    checked too: its register, keys and certificates, and that nothing of the demo is in it.

    Example: samspill check
    """
    start = time.perf_counter()
    library = Library(mappings)
    for path, made in library.questionnaires().items() if write else ():
        if not path.is_file() or path.read_bytes() != made:
            path.write_bytes(made)
            typer.echo(f"{path.relative_to(library.folder.parent)} is written anew", err=True)
    faults = list(dict.fromkeys(map(str, library.faults())))  # one that others extend is told once
    if not faults:
        faults += run_examples(library, Formats(library))
    profiles = Profiles(library.folder)
    faults += profiles.faults()
    faults += map(str, followup.read(library.folder)[1])
    faults += map(str, preflight.read(library.folder)[1])
    policy = library.folder / "policy"
    faults += map(str, (*prove.check(policy), *routing.read(policy)[1], *nav_rules.check(library.folder / "nav-rules")))
    installed = bool((settings := Settings()).model_fields_set)
    faults += _installation(settings) if installed else []
    if mutate and not faults:
        mutants = prove.mutate(policy, bounded=False)
        typer.echo(str(mutants), err=True)
        faults += mutants.dangerous
    if as_json:
        typer.echo(json.dumps({"faults": faults}, indent=1))
    if faults:
        raise ConfigurationError(faults)
    if not as_json:
        seconds = time.perf_counter() - start
        typer.echo(
            f"{len(library.mappings)} mappings, {len(profiles.known)} profiles, {len(library.tables)} code tables "
            f"and the rules hold ({seconds:.1f} s); "
            + ("so does the installation" if installed else "no installation is set here, so none was checked")
        )


def _installation(settings: Settings) -> list[str]:
    from gateway.wiring.gateway import Gateway  # noqa: PLC0415 - most checks are of data alone

    return Gateway(settings).faults()
