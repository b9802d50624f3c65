"""Copies of the log, and that whoever holds one and the public key can check it alone."""

import base64
import csv
import io
import json

import pytest

from gateway.core.checkpoint import BadCheckpoint, private_text, signer
from gateway.core.errors import NotAcceptable
from gateway.edge.audit.export import check, csv_lines, json_text, proven
from gateway.edge.audit.search import Filter, search, search_all


@pytest.fixture
def filled(log):
    log.notes = log.fill(5, 7)
    return log


def exported(log, wanted=None, older=()):
    found = search_all(log.database, wanted or Filter())
    return json.loads(json_text(proven(log.database, log.key, log.notes[-1], found, older)))


def codes(document, log, older=()):
    return [flaw.code for flaw in check(document, log.key, older)[1]]


def test_an_export_is_proven_with_the_public_key_alone(filled):
    head, flaws = check(exported(filled), filled.key)
    assert (head.size, flaws) == (12, [])


def test_an_export_of_one_patient_is_proven_without_the_entries_of_others(filled):
    document = exported(filled, Filter(patient=f"{2:032x}"))
    assert [one["index"] for one in document["entries"]] == [7, 2]
    assert codes(document, filled) == []
    assert f"{3:032x}" not in json.dumps(document)


def change_entry(one):
    one["entry"] = one["entry"].replace("benefit", "pay")


def change_salt(one):
    one["salt"] = base64.b64encode(b"x" * 16).decode()


def change_index(one):
    one["index"] += 1


def change_proof(one):
    one["proof"][0] = base64.b64encode(b"x" * 32).decode()


@pytest.mark.parametrize("change", [change_entry, change_salt, change_index, change_proof])
def test_an_export_that_was_altered_is_found(filled, change):
    document = exported(filled)
    change(document["entries"][4])
    assert "altered" in codes(document, filled)


def test_an_export_shows_that_the_log_grew_from_an_older_checkpoint(filled):
    document = exported(filled, Filter(patient=f"{2:032x}"), [filled.notes[0]])
    assert codes(document, filled, [filled.notes[0]]) == []
    document["consistency"][0]["proof"][0] = base64.b64encode(b"x" * 32).decode()
    assert codes(document, filled) == ["rewritten"]


def test_a_whole_export_shows_it_without_a_proof_and_a_part_does_not(filled):
    older = [filled.notes[0]]
    assert codes(exported(filled), filled, older) == []
    assert codes(exported(filled, Filter(patient=f"{2:032x}")), filled, older) == ["checkpoint"]


def test_an_export_of_a_rewritten_log_is_found_against_an_older_checkpoint(filled):
    filled.forge(3, purpose="pay")
    filled.rewrite(sign_with=filled.signer)
    older, filled.notes = filled.notes[0], [filled.keeper.settle()]
    document = exported(filled)
    assert codes(document, filled) == []
    assert codes(document, filled, [older]) == ["rewritten"]
    assert codes(exported(filled, Filter(), [older]), filled) == ["rewritten"]


def test_an_export_under_another_key_is_not_believed(filled):
    other = signer(private_text("example.org/log", b"\x01" * 32))
    with pytest.raises(BadCheckpoint):
        check(exported(filled), other.verifier)


@pytest.mark.parametrize(
    "document",
    [None, [], {}, {"format": "samspill-disclosure-log/1"}, {"format": "samspill-disclosure-log/1", "checkpoint": 1}],
)
def test_what_is_no_export_is_told_so(filled, document):
    with pytest.raises(NotAcceptable, match="not an export"):
        check(document, filled.key)


@pytest.mark.parametrize(
    ("member", "value"),
    [("entries", 1), ("entries", [1]), ("entries", [{}]), ("consistency", [{}]), ("checkpoint", {})],
)
def test_an_export_that_is_not_whole_is_told_so(filled, member, value):
    with pytest.raises(NotAcceptable, match="not an export"):
        check(exported(filled) | {member: value}, filled.key)


def test_the_csv_opens_in_a_spreadsheet_and_holds_no_formula(filled):
    text = "".join(csv_lines(search_all(filled.database, Filter())))
    assert text.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text[1:], newline=""), delimiter=";"))
    assert [row["index"] for row in rows] == [str(place) for place in reversed(range(12))]
    assert rows[2]["reason"] == "'=cmd"
    assert rows[2]["withheld"] == "diagnosis.main.code"
    assert not any(cell[:1] in {"=", "+", "-", "@", "\t"} for row in rows for cell in row.values())


def test_every_filter_narrows_the_search(filled):
    everything = search(filled.database, Filter(), 100)
    assert [one.index for one in everything] == list(reversed(range(12)))
    middle = everything[6].entry.recorded_at
    narrowed = {
        "recipient": Filter(recipient="employer"),
        "agent": Filter(agent="ehr"),
        "outcome": Filter(outcomes=(everything[6].entry.outcome.DENIED,)),
        "action": Filter(actions=(everything[0].entry.action,)),
        "message": Filter(message="message-3"),
        "since": Filter(since=middle),
        "until": Filter(until=middle),
        "before": Filter(before=everything[6].entry.id),
    }
    found = {name: [one.index for one in search(filled.database, wanted, 100)] for name, wanted in narrowed.items()}
    assert found == {
        "recipient": [9, 6, 3, 0],
        "agent": [10, 8, 6, 4, 2, 0],
        "outcome": [5],
        "action": [11, 7, 3],
        "message": [3],
        "since": [11, 10, 9, 8, 7, 6, 5],
        "until": [4, 3, 2, 1, 0],
        "before": [4, 3, 2, 1, 0],
    }
