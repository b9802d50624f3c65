"""The documentation says what is there: links lead somewhere, paths exist, pictures are drawn from the code."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gateway import flow
from gateway.core.line import diagram
from gateway.core.ports import Format
from gateway.model import Identifier
from gateway.wiring.formats import installed

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
FENCE = re.compile(r"^( *)```(\S*)([^\n]*)\n(.*?)^ *```\s*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"(?:gateway|adapters|mappings|docs|tests|certs)/[\w./-]*\w/?")
MACHINE = re.compile(r"(?<![\w.])/(?:work|tmp|root|home|mnt)/|\.\./shared")
COMMANDS = {"make", "samspill", "curl", "openssl", "export", "git", "docker", "sed", "cd", "psql", "sqlite3", "python"}
FOLDERS = sorted(
    str(p.parent.relative_to(ROOT)) for part in ("gateway", "adapters") for p in (ROOT / part).rglob("__init__.py")
)
EHR = ROOT / "docs/ehr-vendors.md"


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text("utf-8"))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ +(.+)$", prose(page), re.MULTILINE)
    words = (re.sub(r"[^\w\- ]", "", LINK.sub(lambda m: m[0][1 : m[0].index("]")], h)).strip() for h in headings)
    return {text.lower().replace(" ", "-") for text in words}


def blocks(page: Path, language: str) -> Iterator[tuple[str, str]]:
    for _, found, rest, text in FENCE.findall(page.read_text("utf-8")):
        if found == language:
            yield rest.strip(), text


def broken_links(page: Path) -> list[str]:
    found = []
    for link in LINK.findall(CODE.sub("", prose(page))):
        if "://" in link or link.startswith("mailto:"):
            continue
        where, _, anchor = link.partition("#")
        target = (page.parent / where).resolve() if where else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            found.append(link)
    return found


def missing_paths(text: str) -> list[str]:
    """Paths of the repository in backticks that are not there; `file::test` and `file:line` count as the file."""
    named = (re.split(r"::|:\d", code)[0] for code in CODE.findall(text))
    return [name for name in named if PATH.fullmatch(name) and not (ROOT / name).exists()]


def commands(text: str) -> Iterator[str]:
    for line in text.replace("\\\n", " ").splitlines():
        for part in re.split(r" && | \| ", line.split(" #")[0]):
            words = [word for word in part.split() if not re.fullmatch(r"[A-Z_]+=\S*", word)]
            if words and not part.lstrip().startswith("#"):
                yield words[0].removeprefix(".venv/bin/")


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_link_leads_somewhere(page):
    assert broken_links(page) == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_path_that_is_named_is_there(page):
    assert missing_paths(prose(page)) == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_shell_block_begins_with_commands_that_a_reader_has(page):
    assert {command for _, text in blocks(page, "bash") for command in commands(text)} <= COMMANDS


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_no_page_speaks_of_one_machine(page):
    assert MACHINE.findall(page.read_text("utf-8")) == []


def test_these_checks_see_what_they_look_for(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# One thing\n[a](nowhere.md) [b](#another) [c](#one-thing)\n```bash\nmake x | launch it\n```\n", "utf-8"
    )
    assert broken_links(page) == ["nowhere.md", "#another"]
    assert missing_paths("`gateway/flow.py` `gateway/flaw.py` `tests/unit/test_docs.py::test_x` `docs/no.md:7`") == [
        "gateway/flaw.py",
        "docs/no.md",
    ]
    assert [word for _, text in blocks(page, "bash") for word in commands(text)] == ["make", "launch"]
    assert is_part_of({"a": [{"b": 1}]}, {"a": [{"c": 2}, {"b": 1, "d": 3}]})
    assert not is_part_of({"a": [{"b": 2}]}, {"a": [{"c": 2}, {"b": 1, "d": 3}]})
    assert MACHINE.search("see /home/somebody")
    assert not MACHINE.search("https://host/home")


def test_the_state_diagram_is_the_one_that_the_code_draws():
    assert [text for _, text in blocks(ROOT / "docs/architecture.md", "mermaid")] == [diagram()]


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_architecture_says_what_each_package_is_for(folder):
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    row = rf"^\| `{folder}/` \| \S" if "/" in folder else rf"`{folder}/"
    assert re.search(row, text, re.MULTILINE)


def test_the_index_lists_every_page_and_every_decision():
    index = ROOT / "docs/README.md"
    listed = {(index.parent / link.partition("#")[0]).resolve() for link in LINK.findall(index.read_text("utf-8"))}
    decisions = set((ROOT / "docs/adr").glob("*.md"))
    assert len(decisions) > 10
    assert (decisions | set((ROOT / "docs").glob("*.md"))) - listed == {index}


@pytest.mark.parametrize("page", sorted((ROOT / "docs/adr").glob("*.md")), ids=lambda p: p.stem)
def test_a_decision_has_its_number_its_context_and_its_consequences(page):
    text = page.read_text("utf-8")
    assert text.startswith(f"# {int(page.name[:4])}. ")
    assert {"## Context", "## Decision", "## Consequences"} <= set(text.splitlines())


@cache
def known() -> dict[str, Format]:
    return installed()[1]


EXAMPLES = [(name, text) for name, text in blocks(EHR, "json") if name.startswith("mappings/")]


def is_part_of(part: Any, whole: Any) -> bool:
    """Whether everything in `part` stands in `whole`, in the same order."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(k in whole and is_part_of(v, whole[k]) for k, v in part.items())
    if isinstance(part, list):
        rest = iter(whole)
        return isinstance(whole, list) and all(any(is_part_of(one, other) for other in rest) for one in part)
    return bool(part == whole)


def test_there_is_an_example_of_each_shape():
    assert [json.loads(text)["type"] for _, text in EXAMPLES] == ["message", "batch", "message"]
    assert {"Condition" in text for _, text in EXAMPLES} == {True, False}


@pytest.mark.parametrize(("name", "text"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_an_example_for_vendors_is_taken_from_its_file(name, text):
    assert is_part_of(json.loads(text), json.loads((ROOT / name).read_text("utf-8")))


@pytest.mark.parametrize("text", [text for _, text in EXAMPLES], ids=[name for name, _ in EXAMPLES])
def test_an_example_for_vendors_is_accepted_and_can_go_to_nav(text):
    parsed = flow.parse(known()["fhir"], text.encode(), report=True)
    nav = flow.Addressee(name="NAV", identifiers=(Identifier(kind="her", value="990002"),))
    assert parsed.issues == ()
    assert flow.deliverable(parsed) == ()
    assert flow.missing_for(parsed.record, known()["fhir"], known()["nav-sykmelding"], nav) == ()


def test_every_json_block_for_vendors_parses_and_every_question_named_is_in_the_form():
    assert all(json.loads(text) for _, text in blocks(EHR, "json"))
    form = (ROOT / "mappings/fhir/sykmelding/questionnaire.json").read_text("utf-8")
    named = re.findall(r"`((?:samspill|aktivitet|yrkesskade|arbeidsforhold)(?:-[a-z-]+))`", prose(EHR))
    assert len(named) > 20
    assert [one for one in named if f'"{one}"' not in form] == []
