"""`samspill translate`, `explain` and `formats`: one file through the pure line."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from gateway import flow
from gateway.cli.documents import read_json
from gateway.core.errors import Issue, NotAcceptable
from gateway.core.identifiers import ORGANISATION_SYSTEM
from gateway.core.message import Route
from gateway.core.ports import Format
from gateway.core.vocabulary import MessageKind, Purpose, Role
from gateway.edge.nav_rules import NavRulebook
from gateway.mapping.run.report import Report
from gateway.model.messages import about
from gateway.policy.consent import purpose_coding
from gateway.policy.consent_facts import consent_facts, patient_act
from gateway.policy.facts import Facts, from_json
from gateway.policy.pdp import releasable
from gateway.policy.provision import Request
from gateway.wiring.formats import installed, rules

From = Annotated[str, typer.Option("--from", metavar="FORMAT", help="What the file is written in.")]
To = Annotated[str, typer.Option("--to", metavar="FORMAT", help="What to write.")]
Input = Annotated[str, typer.Argument(metavar="IN", help="The file; - is standard input.")]
Recipient = Annotated[Role | None, typer.Option(help="Who is to get it; the rules decide what that may be.")]
For = Annotated[Purpose | None, typer.Option(help="What it is to be used for.")]
FactsFile = Annotated[Path | None, typer.Option("--facts", help="Facts by name, as JSON; what is absent is unknown.")]
Sender = Annotated[Role, typer.Option("--sender", help="Who sends it.")]
Kind = Annotated[
    MessageKind | None,
    typer.Option("--message", help="The kind of message that the rules are asked about, if not its own."),
]
Organisation = Annotated[str, typer.Option("--organisation", help="The recipient's organisation number.")]
Unrestricted = Annotated[bool, typer.Option("--unrestricted", help="Write everything; no rule is asked.")]
NAV_NOTE: Final = "nav-sykmelding"
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("translate")(translate)
    app.command("explain")(explain)
    app.command("formats")(list_formats)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a translation was asked with."""

    source: str
    target: str
    recipient: Role | None
    purpose: Purpose | None
    facts: Path | None
    sender: Role
    organisation: str
    unrestricted: bool
    kind: MessageKind | None = None

    def route(self, recipient: Role, purpose: Purpose, record: Any = None) -> Route:
        """Give the route of a record; without one, or for one that is no message, a sick note's."""
        known = about(record)
        return Route(self.sender, recipient, self.kind or (known.kind if known else MessageKind.SYKMELDING), purpose)


def translate(
    infile: Input,
    source: From,
    target: To,
    recipient: Recipient = None,
    purpose: For = None,
    facts: FactsFile = None,
    *,
    sender: Sender = Role.CERTIFIER,
    organisation: Organisation = "",
    unrestricted: Unrestricted = False,
    kind: Kind = None,
    report: Annotated[Path | None, typer.Option(help="Write the account of every leaf here, as JSON.")] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Write the result here, not to the terminal.")] = None,
    as_json: AsJson = False,
) -> None:
    """Translate one file. Needs a recipient and a purpose, or --unrestricted.

    Example: samspill translate --from fhir --to nav-employer --recipient employer --purpose sick-leave-follow-up
    --facts facts.json bundle.json
    """
    del as_json
    asked = Asked(source, target, recipient, purpose, facts, sender, organisation, unrestricted, kind)
    done = _run(_read(infile), asked, report=report is not None)
    if report is not None and done.report is not None:
        report.write_text(json.dumps(done.report.as_json(), indent=1, ensure_ascii=False) + "\n", "utf-8")
    if out is not None:
        out.write_bytes(done.rendered.body)
    else:
        sys.stdout.buffer.write(done.rendered.body.rstrip(b"\n") + b"\n")


def explain(
    infile: Input,
    source: From,
    target: To,
    recipient: Recipient = None,
    purpose: For = None,
    facts: FactsFile = None,
    *,
    sender: Sender = Role.CERTIFIER,
    organisation: Organisation = "",
    unrestricted: Unrestricted = False,
    kind: Kind = None,
    code: Annotated[bool, typer.Option("--code", help="Show the generated programs instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show where each value of the output comes from, by which line and rule, and what was withheld and why.

    Example: samspill explain --from fhir --to nav-sykmelding --unrestricted bundle.json
    """
    asked = Asked(source, target, recipient, purpose, facts, sender, organisation, unrestricted, kind)
    if code:
        typer.echo(_code(asked))
        return
    done = _run(_read(infile), asked, report=True)
    if done.report is None:
        raise AssertionError("a report was asked for")
    told = _nav_says(asked, done)
    if as_json:
        nav = {"nav": [asdict(issue) for issue in told]} if told else {}
        typer.echo(json.dumps(done.report.as_json() | nav, indent=1, ensure_ascii=False))
    else:
        typer.echo("\n".join([_lineage(done), *(f"NAV's rules: {issue.severity}: {issue}" for issue in told)]))


def _nav_says(asked: Asked, done: flow.Translation) -> tuple[Issue, ...]:
    """Give what NAV's own rules will answer when it is NAV that gets it."""
    if asked.recipient is not Role.NAV and asked.target != NAV_NOTE:
        return ()
    library, known = installed()
    return NavRulebook(library.folder, lambda: datetime.now(UTC)).on_arrival(done.parsed, known[asked.source])


def list_formats(*, as_json: AsJson = False) -> None:
    """List every format: id, read or written, model, version and schema.

    Example: samspill formats
    """
    known = [_described(one) for one in installed()[1].values()]
    if as_json:
        typer.echo(json.dumps(known, indent=1, ensure_ascii=False))
        return
    width = max(len(one["id"]) for one in known)
    for one in known:
        models = ", ".join(one["models"])
        typer.echo(f"{one['id']:<{width}}  {one['directions']:<10}  v{one['version']}  {one['title']} ({models})")


def _described(one: Format) -> dict[str, Any]:
    directions = "/".join(word for word, side in (("read", one.parse), ("write", one.render)) if side)
    return {
        "id": one.id,
        "title": one.title,
        "directions": directions,
        "models": list(one.models),
        "version": one.version,
        "schema": one.schema,
    }


def _read(infile: str) -> bytes:
    return sys.stdin.buffer.read() if infile == "-" else Path(infile).read_bytes()


def _run(raw: bytes, asked: Asked, *, report: bool) -> flow.Translation:
    library, known = installed()
    source, target = _known(known, asked.source), _known(known, asked.target)
    parsed = flow.parse(source, raw, report=report)
    if target.render is not None and not flow.holds(target, parsed.record):
        raise typer.BadParameter(_other(known, target, parsed.record))
    if asked.unrestricted:
        done = flow.convert(parsed, target)
    elif asked.recipient is None or asked.purpose is None:
        raise typer.BadParameter("give --recipient and --purpose, or --unrestricted to write everything")
    else:
        table = rules(library.folder)
        route = asked.route(asked.recipient, asked.purpose, parsed.record)
        ruled = flow.Rules(table, route, releasable(table, route))
        employer = asked.organisation if asked.recipient is Role.EMPLOYER else ""
        to = flow.Addressee(employer=employer, received_at=datetime.now(UTC).replace(microsecond=0))
        done = flow.forward(parsed, target, ruled, _facts(table, asked, parsed.record), to)
    if done.report is not None:
        used = [name for name in (asked.source, asked.target) if name in library.mappings]
        done = replace(done, report=_versioned(done.report, {name: library.digest(name) for name in used}))
    return done


def _versioned(report: Report, versions: dict[str, str]) -> Report:
    report.versions.update(versions)
    return report


def _other(known: Mapping[str, Format], target: Format, record: Any) -> str:
    """Say that a format holds other records than the one at hand, and which formats hold that."""
    fitting = [one.id for one in known.values() if one.render is not None and flow.holds(one, record)]
    return f"{flow.misfit(target, record)}; it can be written as {', '.join(fitting)}"


def _known(known: Mapping[str, Format], name: str) -> Format:
    if name not in known:
        raise typer.BadParameter(f"there is no format {name}; `samspill formats` lists them")
    return known[name]


def _facts(table: Any, asked: Asked, record: Any) -> Facts:
    """Read the facts file; `consents` in it are evaluated as `gather` would."""
    if asked.facts is None:
        return Facts()
    given = read_json(asked.facts)
    consents = given.pop("consents", None) if isinstance(given, dict) else None
    if not isinstance(consents, list | None):
        raise NotAcceptable([Issue("structure", f"{asked.facts}: consents", "a list of Consents was expected")])
    known = from_json(table.kinds, given)
    if consents is None or asked.purpose is None:
        return Facts(known)
    actors = (f"{ORGANISATION_SYSTEM}|{asked.organisation}",) if asked.organisation else ()
    request = Request(purpose=purpose_coding(asked.purpose), actors=actors, at=datetime.now(UTC))
    note = getattr(record, "id", None) or ""
    act = patient_act(consents, request, note)
    by_class = consent_facts(consents, request, note)
    return Facts({**({} if act is None else {"patient-act": act}), **known}, by_class)


def _lineage(done: flow.Translation) -> str:
    report = done.report
    if report is None:
        raise AssertionError("a report was asked for")
    lines = [f"{report.leaves} leaves in"]
    for row in report.carried:
        rule = row["rule"] or "unrestricted"
        lines += [
            f"{row['to']}",
            f"    from {row['from']}",
            f"    {row['field']}, {row['class']}, by {rule}, {row['at']}",
        ]
    for title, rows in (("withheld", report.withheld), ("dropped", report.dropped), ("unmapped", report.unmapped)):
        lines += [f"{title}: {len(rows)}"] if rows else []
        for row in rows:
            why = ", ".join(row.get("rules", ())) or row.get("reason") or row.get("why") or "no rule permits it"
            lines.append(f"    {row['from']}: {why}")
    lines += [f"deviation at {row['at']}: {row['what']}" for row in report.deviations]
    return "\n".join(lines)


def _code(asked: Asked) -> str:
    library, _ = installed()
    parts = []
    if asked.source in library.mappings and library.mappings[asked.source].reads:
        parts.append(library.reader(asked.source).plain.source)
    if asked.target in library.mappings and library.mappings[asked.target].writes:
        ceiling = None
        if asked.recipient is not None and asked.purpose is not None:
            table = rules(library.folder)
            ceiling = releasable(table, asked.route(asked.recipient, asked.purpose))
        parts.append(library.writer(asked.target).programs(ceiling)[0].source)
    return "\n\n".join(parts)
