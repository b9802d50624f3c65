"""The readers of files that an installation is made of, as targets: every mistake in one is told with its place."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from parsers import Target, library

from adapters.hr.load import load as load_profile
from gateway.core.errors import Fault
from gateway.edge.identity.registry import read as read_register
from gateway.mapping.load.codes import load_tables
from gateway.mapping.load.mapping import load as load_mapping
from gateway.mapping.load.questions import load_questions
from gateway.policy.load import FILES
from gateway.policy.load import read as read_rules
from gateway.policy.rules import compile_table

Faults = list[Fault]


def own_files_read() -> dict[str, Target]:
    """Give the targets."""
    folder = library().folder
    mappings = [folder / f"{one}/mapping.yaml" for one in ("fhir/sykmelding", "nav/sykmelding", "nav/employer-json")]
    profiles = [folder / f"hr/{one}/profile.yaml" for one in ("generic-csv", "paxml", "personec-p")]
    return {
        "mapping": _told(mappings, load_mapping),
        "code tables": _told([folder / "codes/fhir.yaml"], load_tables),
        "questions": _told([folder / "se/ag114/questions.yaml"], load_questions),
        "profile of absence files": _told(profiles, load_profile),
        "register of parties": _told([folder / "parties/demo.yaml"], _register),
        **{f"policy {name}": _policy(folder / "policy", name) for name in FILES},
    }


def _told(files: list[Path], load: Callable[[str, str], tuple[Any, Any]]) -> Target:
    def tried(raw: bytes) -> None:
        _, faults = load(raw.decode("utf-8", "replace"), "file.yaml")
        assert all(fault.line and fault.column for fault in faults)

    return Target(tuple(file.read_bytes() for file in files), tried)


def _register(text: str, file: str) -> tuple[Any, Any]:
    return read_register({file: text}, _no_certificate)


def _no_certificate(_name: str) -> Any:
    raise OSError


def _policy(folder: Path, name: str) -> Target:
    texts = {one: (folder / one).read_text("utf-8") for one in FILES}
    return Target((texts[name].encode(),), partial(_ruled, texts, name))


def _ruled(texts: Mapping[str, str], name: str, raw: bytes) -> None:
    rules, faults = read_rules({**texts, name: raw.decode("utf-8", "replace")})
    if rules is not None and not faults:
        compile_table(rules, date(2026, 3, 2))
