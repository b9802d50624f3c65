"""A word is put in the place of each value, and of each name, of a message: no answer to it holds the word."""

from collections.abc import Iterator
from typing import Any

import pytest
from sick_note import batch, message, written

from adapters.fhir.codec import FHIR_JSON, FHIR_XML, decode, encode, encode_outcome
from gateway.wiring.formats import installed

WORD = "Kanarifugl"


def spoilt(tree: Any, at: Any) -> Iterator[None]:
    """Spoil each value and name below `at`, one at a time, and mend it again."""
    for key in list(at) if isinstance(at, dict) else range(len(at)):
        held = at[key]
        for word in (WORD, f"{WORD}/1", f"#{WORD}", {WORD: WORD}, [WORD], {"resourceType": WORD}):
            at[key] = word
            yield
        at[key] = held
        if isinstance(at, dict):
            at[WORD] = at.pop(key)
            yield
            at[key] = at.pop(WORD)
        if isinstance(held, dict | list):
            yield from spoilt(tree, held)


@pytest.mark.parametrize("make", [message, batch])
def test_no_word_of_a_message_comes_back_in_what_is_said_about_it(make: Any) -> None:
    tree = make()
    refused = 0
    for _ in spoilt(tree, tree):
        issues = decode(written(tree)).issues
        refused += bool(issues)
        assert WORD not in "".join(map(str, issues))
        assert WORD.encode() not in encode_outcome(issues, FHIR_JSON)
    assert tree == make()
    assert refused > 500


def test_no_word_of_an_xml_message_comes_back_in_what_is_said_about_it() -> None:
    xml = encode(message(), FHIR_XML)
    for part in (b"female", b"Testnes", b"2026-11-02", b"message", b"gender", b"birthDate", b"Patient", b"reference"):
        assert part in xml
        issues = decode(xml.replace(part, WORD.encode())).issues
        assert WORD not in "".join(map(str, issues))
        assert WORD.encode() not in encode_outcome(issues, FHIR_XML)


def test_the_name_of_an_unknown_root_is_not_repeated() -> None:
    read = [each.parse for name, each in installed()[1].items() if each.parse and name.startswith("nav-")]
    assert len(read) > 3
    for parse in read:
        for report in (False, True):
            issues = parse(f"<{WORD}/>".encode(), report=report).issues
            assert issues
            assert WORD not in "".join(map(str, issues))
