"""What the tests of the checker share: the real files, and the faults of a copy in which one thing is wrong."""

from dataclasses import dataclass
from functools import cache

import orjson

from gateway.core.errors import ConfigurationError, Fault
from gateway.edge.library import Library, default_folder
from gateway.mapping.check.mapping import check
from gateway.mapping.check.tree import Tree
from gateway.mapping.language import Mapping
from gateway.mapping.load.codes import load_tables
from gateway.mapping.load.mapping import load
from gateway.mapping.questionnaire.form import check_questionnaire, load_texts
from gateway.model.messages import RECORDS

FOLDER = default_folder()
FHIR = "fhir/sykmelding/mapping.yaml"
NAV = "nav/sykmelding/mapping.yaml"
APPREC = "nav/apprec/mapping.yaml"
EMPLOYER = "nav/employer/mapping.yaml"
LPS = "nav/employer-json/mapping.yaml"
TEXTS = "fhir/sykmelding/texts.yaml"
CODES = "codes/nav.yaml"


@dataclass(frozen=True)
class Mistake:
    """`old` in the real file became `new`; the one fault stands where `at` starts in the changed text."""

    sentence: str
    file: str
    old: str
    new: str
    at: str
    what: str
    mend: str = ""


@cache
def library() -> Library:
    return Library()


@cache
def text_of(file: str) -> str:
    return (FOLDER / file).read_text(encoding="utf-8")


def planted(mistake: Mistake) -> str:
    text = text_of(mistake.file)
    assert text.count(mistake.old) == 1, f"{mistake.old!r} stands {text.count(mistake.old)} times in {mistake.file}"
    return text.replace(mistake.old, mistake.new)


def position(text: str, at: str) -> tuple[int, int]:
    """Line and column, counted from 1, of a snippet that stands once."""
    assert text.count(at) == 1, f"{at!r} stands {text.count(at)} times"
    before = text[: text.index(at)]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def checked(text: str, file: str) -> tuple[Mapping | None, Tree | None, list[Fault]]:
    """Load and check a mapping text, against the real tables and schemas."""
    mapping, faults = load(text, file)
    if mapping is None or faults:
        return mapping, None, faults
    try:
        tree, faults = check(mapping, library().schema(mapping), library().tables, RECORDS)
    except ConfigurationError as error:
        return mapping, None, [fault for fault in error.faults if isinstance(fault, Fault)]
    return mapping, tree, faults


def faults_in(text: str, file: str) -> list[Fault]:
    """Every fault of a text that stands in the place of a real mapping or code file."""
    if file.startswith("codes/"):
        return load_tables(text, file)[1]
    mapping, tree, faults = checked(text, file)
    if tree is None or mapping is None or not mapping.wire.questionnaire:
        return faults
    if not (FOLDER / mapping.wire.questionnaire).is_file():
        return [mapping.wire.spot_of("questionnaire").fault(f"there is no file {mapping.wire.questionnaire}")]
    texts, faults = load_texts(text_of(TEXTS), TEXTS)
    assert texts is not None, faults
    return check_questionnaire(mapping, tree, orjson.loads(text_of(mapping.wire.questionnaire)), texts)


def assert_told(mistake: Mistake) -> None:
    """The mistake is told once, where it is, in these words; and the file is right without it."""
    assert faults_in(text_of(mistake.file), mistake.file) == []
    text = planted(mistake)
    line, column = position(text, mistake.at)
    expected = Fault(mistake.file, line, column, mistake.what, mistake.mend)
    assert list(map(str, faults_in(text, mistake.file))) == [str(expected)]
