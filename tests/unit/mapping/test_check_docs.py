"""docs/mapping-language.md: its examples are in the real files, its keys are all there, its tutorial works."""

import re
import shutil
import textwrap
from datetime import date
from pathlib import Path

import pytest
import test_check_answers
import test_check_demands
import test_check_kinds
import test_check_model_words
import test_check_options
import test_check_wire_words
import yaml
from check_kit import FOLDER

from gateway.edge.library import Library
from gateway.mapping.compile.derive import DERIVATIONS
from gateway.mapping.load import codes
from gateway.mapping.load import mapping as load
from gateway.model import Graded, Identifier, Patient, Period, SickLeaveCertificate

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "mapping-language.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+) ?(.*?)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
QUOTED = [(name, body) for kind, name, body in BLOCKS if kind == "yaml" and name.startswith("mappings/")]
ELISION = re.compile(r"^# …\n", re.MULTILINE)


def stands_in(part: str, text: str) -> bool:
    """Whether the lines stand in the text one after the other, indented alike or more."""
    wanted = textwrap.dedent(part).rstrip("\n").split("\n")
    lines = text.split("\n")
    return any(textwrap.dedent("\n".join(lines[i : i + len(wanted)])).split("\n") == wanted for i in range(len(lines)))


@pytest.mark.parametrize(("name", "body"), QUOTED, ids=[f"{i}-{name}" for i, (name, _) in enumerate(QUOTED)])
def test_an_example_stands_in_the_file_that_it_names(name: str, body: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for part in ELISION.split(body):
        assert stands_in(part, text), part


def test_every_block_of_yaml_is_yaml() -> None:
    parts = [part for kind, _, body in BLOCKS if kind == "yaml" for part in ELISION.split(body)]
    assert len(parts) > 30
    for part in parts:
        yaml.compose(textwrap.dedent(part))


@pytest.mark.parametrize(
    "key",
    sorted(
        load.HEADER
        | load.FIELD
        | load.BRANCH
        | load.SHAPE
        | load.WIRE
        | load.CONST
        | load.DROP
        | load.DERIVED
        | codes.TABLE - {"system"}
    ),
)
def test_every_key_of_the_language_is_shown(key: str) -> None:
    assert re.search(rf"(?<![\w]){key}:(?!\w)", PAGE)


@pytest.mark.parametrize("word", sorted(load.DIRECTIONS | load.UNKNOWN | load.FORMATS | DERIVATIONS.keys()))
def test_every_word_of_the_language_is_shown(word: str) -> None:
    assert re.search(rf"\b{word}\b", PAGE)


def test_what_check_is_said_to_say_is_what_it_says() -> None:
    modules = (
        *(test_check_wire_words, test_check_model_words, test_check_options, test_check_answers),
        *(test_check_kinds, test_check_demands),
    )
    said = {f"{m.what}; {m.mend}" if m.mend else m.what for module in modules for m in module.MISTAKES}
    (shown,) = [body.splitlines() for kind, name, body in BLOCKS if (kind, name) == ("text", "check")]
    assert [line for line in shown if line not in said] == []


def test_the_format_that_the_page_adds_writes_what_it_says(tmp_path: Path) -> None:
    for _, name, body in BLOCKS:
        if name.startswith("new "):
            file = tmp_path / name.removeprefix("new ")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(body, encoding="utf-8")
    shutil.copytree(FOLDER / "codes", tmp_path / "codes")
    library = Library(tmp_path)
    assert list(map(str, library.faults())) == []
    record = SickLeaveCertificate(
        id="m-1",
        patient=Patient(id=Identifier(value="27855999336", kind="national-number")),
        periods=(Period(start=date(2026, 1, 5), end=date(2026, 1, 9), kind=Graded(degree=40)),),
    )
    assert library.writer("hr-leave-notice").write(record)[0] == {
        "messageId": "m-1",
        "employee": "27855999336",
        "absences": [{"firstDay": "2026-01-05", "lastDay": "2026-01-09"}],
    }


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)\)", PAGE))
def test_a_link_leads_somewhere(link: str) -> None:
    assert (ROOT / "docs" / link).exists()
