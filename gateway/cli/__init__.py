"""`samspill`: the command line.

Exit codes: 0 done, 1 our own fault, 2 wrong usage, 3 input not acceptable, 4 refused by the rules, 5 configuration or
mapping data wrong. Never a traceback for 2 to 5.
"""

import importlib
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import typer

from gateway.core.errors import ConfigurationError, Issue, NotAcceptable, Refused, SamspillError
from gateway.edge import log

DONE, OUR_FAULT, USAGE, NOT_ACCEPTABLE, REFUSED, CONFIGURATION = 0, 1, 2, 3, 4, 5

USAGE_ERROR: type[Any] = typer.BadParameter.__bases__[0]
"""What a wrong command line raises."""


COMMANDS = {
    "demo": "demo",
    "serve": "serve",
    "worker": "serve",
    "translate": "translate",
    "explain": "translate",
    "formats": "translate",
    "check": "check",
    "decide": "decide",
    "consent": "decide",
    "rules": "decide",
    "messages": "messages",
    "nav-rules": "nav_rules",
    "review": "review",
    "hr": "hr",
    "case": "case",
    "audit": "audit",
    "certs": "certs",
    "token": "token",
    "bench": "bench",
}
"""Each command and the module of this package that adds it."""


def application(command: str = "") -> typer.Typer:
    """Give the command line: with one command, if it is known, so that only what it needs is imported; else all."""
    app = typer.Typer(
        name="samspill",
        help="Sick-leave interoperability gateway: FHIR, NAV messages and employer exports, released by rule.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_nothing)
    modules = [COMMANDS[command]] if command in COMMANDS else dict.fromkeys(COMMANDS.values())
    for module in modules:
        importlib.import_module(f"gateway.cli.{module}").register(app)
    return app


def _nothing() -> None:
    """Sick-leave interoperability gateway: FHIR, NAV messages and employer exports, released by rule."""


def main() -> None:
    """Run the command line and turn each foreseen failure into its exit code."""
    log.configure()
    as_json = "--json" in sys.argv
    try:
        sys.exit(application(*sys.argv[1:2])(standalone_mode=False) or DONE)
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(OUR_FAULT)
    except USAGE_ERROR as wrong:
        wrong.show()
        sys.exit(USAGE)
    except NotAcceptable as wrong:
        complain(wrong.issues, as_json=as_json)
        sys.exit(NOT_ACCEPTABLE)
    except Refused as refused:
        _say({"refused": refused.why, "rules": list(refused.rules)}, f"refused: {refused}", as_json=as_json)
        sys.exit(REFUSED)
    except ConfigurationError as wrong:
        faults = [str(fault) for fault in wrong.faults]
        _say({"faults": faults}, "\n".join(faults), as_json=as_json)
        sys.exit(CONFIGURATION)
    except (SamspillError, FileNotFoundError, PermissionError, IsADirectoryError) as wrong:
        what = f"{wrong.filename}: {wrong.strerror}" if isinstance(wrong, OSError) else str(wrong)
        _say({"error": what}, what, as_json=as_json)
        sys.exit(USAGE if isinstance(wrong, OSError) else OUR_FAULT)


def complain(issues: Iterable[Issue], *, as_json: bool) -> None:
    """Say on standard error what is wrong with a message: one line each, or JSON."""
    known = list(issues)
    _say({"issues": [asdict(issue) for issue in known]}, "\n".join(map(str, known)), as_json=as_json)


def _say(machine: dict[str, object], human: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(machine, ensure_ascii=False) if as_json else human, err=True)
