"""`samspill decide` and `samspill consent evaluate`: the rules and one Consent, asked alone."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.documents import read_json
from gateway.core.errors import ConfigurationError, Issue, NotAcceptable
from gateway.edge.library import default_folder
from gateway.policy import authzen
from gateway.policy.consent import evaluate, purpose_coding
from gateway.policy.data_map import data_map
from gateway.policy.difference import difference
from gateway.policy.legal_rows import legal_rows
from gateway.policy.load import load
from gateway.policy.provision import Request, Unreadable, span
from gateway.policy.rules import RuleSet, compile_table

DONE, REFUSED = 0, 4

consent = typer.Typer(help="Look at FHIR R4 Consents.", no_args_is_help=True)
rules = typer.Typer(help="Read the rules in words, and compare two versions.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(decide)
    app.add_typer(consent, name="consent")
    app.add_typer(rules, name="rules")


def decide(
    request: Annotated[Path, typer.Argument(help="The request as JSON in AuthZEN 1.0's shape; - is standard input.")],
    policy: Annotated[Path | None, typer.Option(help="The directory with the rules, instead of our own.")] = None,
) -> None:
    """Ask the rules what a recipient may have of a message, and why.

    The answer is JSON in AuthZEN 1.0's shape; its context names every rule that spoke, for each data class.
    Exit code 4 means that nothing of what was asked may go.

    Example: samspill decide request.json
    """
    now = datetime.now(UTC)
    table = compile_table(_rules(policy), now.date())
    decision = authzen.question(table, read_json(request), now).decide(table)
    typer.echo(json.dumps(authzen.answer(decision), indent=2, ensure_ascii=False))
    raise typer.Exit(DONE if decision.permitted else REFUSED)


@consent.command("evaluate")
def evaluate_consent(
    *,
    consent: Annotated[Path, typer.Option(help="The FHIR R4 Consent, as JSON.")],
    purpose: Annotated[str, typer.Option(help="What for: an HL7 ActReason code (TREAT), or a purpose of ours (pay).")],
    resource: Annotated[Path | None, typer.Option(help="The FHIR resource concerned, as JSON.")] = None,
    actor: Annotated[
        list[str] | None, typer.Option(help="Whom the data would reach: Practitioner/1, or system|value. Repeatable.")
    ] = None,
    group: Annotated[list[Path] | None, typer.Option(help="A FHIR Group that an actor may be in, as JSON.")] = None,
    patient: Annotated[str | None, typer.Option(help="Whose data it is: Patient/1, or system|value.")] = None,
    as_of: Annotated[str | None, typer.Option(help="The moment of decision, a date or date and time; or now.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Ask one Consent about one resource: PERMIT, DENY or NO_CONSENT, and which provision decided.

    A DENY without a provision means that nothing in the Consent covers the request, which is not the patient's no.

    Example: samspill consent evaluate --consent c.json --resource o.json --purpose TREAT --actor Practitioner/1
    """
    asked = Request(
        purpose=purpose_coding(purpose),
        actors=tuple(actor or ()),
        at=_moment(as_of),
        patient=patient,
        resource=_object(resource) if resource else None,
        groups=dict(_members(_object(one)) for one in group or ()),
    )
    result = evaluate(_object(consent), asked)
    if as_json:
        facts = {"decision": result.outcome, "provision": result.provision, "explicit": result.explicit_deny}
        typer.echo(json.dumps({**facts, "unsure": list(result.unsure)}))
        return
    typer.echo(result.outcome)
    typer.echo(f"decided by: {result.provision or 'no provision'}")
    typer.echo(f"explicit deny: {'yes' if result.explicit_deny else 'no'}")
    typer.echo(f"unsure of: {', '.join(result.unsure) or 'nothing'}")


@rules.command("map")
def rules_map(
    policy: Annotated[Path | None, typer.Option(help="The directory with the rules, instead of our own.")] = None,
) -> None:
    """Print who may get what, for each recipient, made from the rules alone.

    Example: samspill rules map > docs/privacy/data-map.md
    """
    typer.echo(data_map(_rules(policy)), nl=False)


@rules.command("rows")
def rules_rows(
    policy: Annotated[Path | None, typer.Option(help="The directory with the rules, instead of our own.")] = None,
) -> None:
    """Print which rules carry each row of the legal notes, or why none does.

    Example: samspill rules rows > docs/privacy/legal-rows.md
    """
    typer.echo(legal_rows(_rules(policy)), nl=False)


@rules.command("difference")
def rules_difference(
    old: Annotated[Path, typer.Argument(help="The directory with the old rules.")],
    new: Annotated[Path | None, typer.Argument(help="The directory with the new rules, instead of our own.")] = None,
) -> None:
    """Print what the new rules would release that the old ones did not, and no longer would.

    Both must know the same facts. One line for each cell that differs, wider or narrower, with the rules changed.

    Example: samspill rules difference ../before/mappings/policy
    """
    before, after = (compile_table(one, one.changes()[-1]) for one in (_rules(old), _rules(new)))
    if set(before.kinds) != set(after.kinds):
        names = ", ".join(sorted(set(before.kinds) ^ set(after.kinds)))
        raise ConfigurationError([f"the two do not know the same facts: {names}"])
    for change in difference(before, after):
        typer.echo(str(change))


def _rules(directory: Path | None) -> RuleSet:
    return load(directory or default_folder() / "policy")


def _members(group: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Give a Group's reference and its members'."""
    members = group.get("member")
    entities = [one.get("entity") for one in members if isinstance(one, dict)] if isinstance(members, list) else []
    references = tuple(one["reference"] for one in entities if isinstance(one, dict) and "reference" in one)
    return f"Group/{group.get('id')}", references


def _moment(as_of: str | None) -> datetime:
    if as_of is None:
        return datetime.now(UTC)
    try:
        return span(as_of)[0]
    except Unreadable:
        raise typer.BadParameter("not a date or a date and time", param_hint="--as-of") from None


def _object(path: Path) -> dict[str, Any]:
    found = read_json(path)
    if not isinstance(found, dict):
        raise NotAcceptable([Issue("structure", str(path), "a JSON object is expected")])
    return found
