"""Free text that names an illness waits for an officer, and goes once they have cleared it, or never."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest
from in_process import samspill
from live_line import Live, act_on, note, number_of, outputs, resource

from gateway.core.audit import AuditAction
from gateway.core.errors import Refused
from gateway.demo import OpenAddresses
from gateway.edge.audit.search import Filter, search
from gateway.edge.review import Item, Officer, ReviewQueue
from gateway.edge.store.operate import NotThere
from gateway.edge.store.review import AlreadyClosed, Status
from gateway.edge.store.statements import MESSAGES_OF

OFFICER = Officer("operator:kari", "11870399989")
TELLS = "Har depresjon, trenger pauser"
MEASURES = "measures.workplace"

pytestmark = pytest.mark.xdist_group("review")  # one gateway for all of them


def held_note(text: str = TELLS) -> dict[str, Any]:
    bundle = note("full")
    answers = resource(bundle, "QuestionnaireResponse")
    [measures] = [one for one in _answers(answers) if one.get("linkId") == "samspill-measures-workplace"]
    measures["answer"][0]["valueString"] = text
    return bundle


def _answers(node: Any) -> list[dict[str, Any]]:
    found = [node] if isinstance(node, dict) and "linkId" in node else []
    below = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return found + [one for child in below for one in _answers(child)]


def sent(live: Live, bundle: dict[str, Any]) -> str:
    location = live.send(bundle)
    assert live.give(act_on(bundle)).status_code == 201
    live.settled(location, employer="acknowledged")
    return location


def queue(live: Live) -> ReviewQueue:
    return live.scene.gateway.review


def waiting(live: Live, location: str) -> Item:
    copies = {row.id for row in live.scene.gateway.database.rows(MESSAGES_OF, id=location.rpartition("/")[2])}
    [item] = [one for one in queue(live).items(limit=500) if one.message in copies]
    return item


def copies(live: Live, bundle: Mapping[str, Any]) -> list[bytes]:
    name = number_of(dict(bundle)).encode()
    return [one.body for one in live.scene.employer.received if name in one.body]


def entries(live: Live, action: AuditAction) -> list[Any]:
    return [one.entry for one in search(live.scene.gateway.database, Filter(actions=(action,)), 50)]


def test_the_rest_goes_and_what_is_held_waits_with_the_rule_that_holds_it(live: Live) -> None:
    bundle = held_note()
    location = sent(live, bundle)
    [copy] = copies(live, bundle)
    assert b"depresjon" not in copy
    item = waiting(live, location)
    assert {(one.field, one.rule) for one in item.held} == {(MEASURES, "free-text-hit")}
    assert (item.kind, item.status, item.party, item.recipient) == ("held", Status.OPEN, "employer", "employer")
    assert "depresjon" not in repr(item)


def test_an_officer_who_says_why_reads_the_field_that_is_held_and_nothing_else_and_the_log_tells_it(live: Live) -> None:
    item = waiting(live, sent(live, held_note()))
    assert queue(live).read(item.id, OFFICER, "queue-work") == {MEASURES: TELLS}
    newest = entries(live, AuditAction.REVIEW_READ)[0]
    assert (newest.message, newest.reason, newest.actor) == (item.message, "queue-work", "operator:kari")
    assert newest.person
    assert "11870399989" not in newest.canonical().decode()
    assert TELLS not in newest.canonical().decode()


def test_an_officer_who_does_not_say_why_reads_nothing(live: Live) -> None:
    item = waiting(live, sent(live, held_note()))
    before = len(entries(live, AuditAction.REVIEW_READ))
    assert queue(live).read(item.id, OFFICER, "queue-work")
    with pytest.raises(Refused):
        queue(live).read(item.id, OFFICER, "")
    assert len(entries(live, AuditAction.REVIEW_READ)) == before + 1


def test_a_cleared_message_goes_once_more_and_whole(live: Live) -> None:
    bundle = held_note()
    location = sent(live, bundle)
    item = waiting(live, location)
    again = queue(live).clear(item.id, OFFICER, "patient-wants-it")
    assert again != item.message
    live.rows()
    live.settled(location, employer="acknowledged")
    first, second = copies(live, bundle)
    assert (b"depresjon" in first, b"depresjon" in second) == (False, True)
    assert (queue(live).item(item.id).status, queue(live).item(item.id).finding) == (Status.CLEARED, "patient-wants-it")
    told = entries(live, AuditAction.REVIEWED)[0]
    assert (told.message, told.reason, told.outcome) == (item.message, "patient-wants-it", "success")
    assert all(one.message != again for one in queue(live).items(limit=500))


def test_a_note_that_is_held_whole_is_on_hold_for_its_sender_until_an_officer_has_refused_it(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OpenAddresses, "gradings", lambda *_asked: {})
    location = live.post(note("graded")).headers["Location"]
    assert outputs(live.task(location, "on-hold")) == {"nav": "held"}
    queue(live).refuse(waiting(live, location).id, OFFICER, "must-not-go")
    assert outputs(live.task(location, "rejected")) == {"nav": "refused"}


def test_a_refused_item_stays_refused_when_the_message_is_decided_anew(live: Live) -> None:
    bundle = held_note()
    location = sent(live, bundle)
    item = waiting(live, location)
    queue(live).refuse(item.id, OFFICER, "names-an-illness")
    with pytest.raises(AlreadyClosed):
        queue(live).clear(item.id, OFFICER, "changed-my-mind")
    assert live.give(act_on(bundle)).status_code == 201
    live.rows()
    assert [one for one in queue(live).items(limit=500) if one.message == item.message] == []
    assert all(b"depresjon" not in one for one in copies(live, bundle))


def test_a_clearing_is_for_one_message_and_no_other(live: Live) -> None:
    first, second = held_note(), held_note()
    queue(live).clear(waiting(live, sent(live, first)).id, OFFICER, "patient-wants-it")
    live.rows()
    location = sent(live, second)
    assert waiting(live, location).status is Status.OPEN
    assert all(b"depresjon" not in one for one in copies(live, second))


def test_what_is_not_there_is_not_cleared_and_a_message_is_not_closed_as_broken_glass(live: Live) -> None:
    with pytest.raises(NotThere):
        queue(live).clear("nothing", OFFICER, "x")
    item = waiting(live, sent(live, held_note()))
    with pytest.raises(NotThere):
        queue(live).close(item.id, OFFICER, "x")
    assert queue(live).item(item.id).status is Status.OPEN


def test_the_command_lists_shows_reads_and_clears(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = held_note()
    location = sent(live, bundle)
    item = waiting(live, location)
    settings = live.scene.gateway.settings
    monkeypatch.setenv("SAMSPILL_DATA", str(settings.data))
    monkeypatch.setenv("SAMSPILL_DATABASE_URL", settings.database)
    monkeypatch.setenv("SAMSPILL_CERTIFICATES", str(settings.certificates))
    monkeypatch.setenv("SAMSPILL_PARTIES", str(settings.parties))

    run = partial(samspill, "review")

    listed = run("list", "--json", "--limit", "500")
    assert item.id in {one["id"] for one in json.loads(listed.stdout)}
    assert f"{MEASURES}  free-text-hit" in run("show", item.id).stdout
    assert TELLS in run("read", item.id, "--reason", "queue-work").stdout
    assert run("clear", item.id, "--reason", "Dette er ikke en kode").returncode == 2
    assert "is decided anew" in run("clear", item.id, "--reason", "patient-wants-it").stdout
    live.rows()
    live.settled(location, employer="acknowledged")
    assert run("clear", item.id, "--reason", "again").returncode == 1
