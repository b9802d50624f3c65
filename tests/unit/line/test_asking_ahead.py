"""Of a batch that is decided together, the outside is asked once about all, and each still has its own answers."""

import time
from dataclasses import replace

import pytest

from gateway.core.errors import Busy
from gateway.core.vocabulary import Purpose, Role
from gateway.demo import MESSAGES, settings_for
from gateway.edge.addresses import AWAY
from gateway.edge.store.rows import Destination, Inbound
from gateway.wiring.gateway import Gateway, Outside

NAV = Destination("nav", Role.NAV, "nav-sykmelding", Purpose.BENEFIT)
GRADED, OTHER, UNKNOWN = "14858412006", "15858412012", "16858412008"


class Addresses:
    """Knows two persons, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[set[str]] = []

    def gradings(self, numbers):
        self.asked.append(set(numbers))
        return {one: says for one, says in {GRADED: "fortrolig", OTHER: "none"}.items() if one in numbers}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    made = Gateway(settings_for(tmp_path_factory.mktemp("ahead")), Outside({}, Addresses(), disclosing=frozenset()))
    yield made
    made.database.close()


def message(gateway, number):
    raw = (MESSAGES / "graded.json").read_text("utf-8").replace(GRADED, number).encode()
    record = gateway.line.again(raw, "fhir").record
    patient = gateway.register.pseudonym(number)
    return Inbound(f"in-{number}", "fhir", "ehr", "case", patient, 1e9, None, None), record


def grading(gather, inbound, record):
    return gather(inbound, NAV, record).facts.message.get("address-grading")


def test_a_register_is_asked_once_for_a_batch_and_each_person_keeps_their_own_answer(gateway):
    register = gateway.gather._addresses
    batch = [message(gateway, number) for number in (GRADED, OTHER, UNKNOWN, OTHER)]
    register.asked.clear()
    ahead = gateway.gather.ahead(batch)
    assert [grading(ahead, *one) for one in batch] == ["fortrolig", "none", None, "none"]
    assert register.asked == [{GRADED, OTHER, UNKNOWN}]
    assert grading(gateway.gather, *batch[0]) == "fortrolig"
    assert register.asked[1:] == [{GRADED}]


def test_what_was_asked_ahead_answers_for_nobody_else(gateway):
    ahead = gateway.gather.ahead([message(gateway, OTHER)])
    assert grading(ahead, *message(gateway, GRADED)) is None


def test_a_message_waits_for_a_register_that_is_away_and_is_decided_without_it_when_it_has_waited_long(
    gateway, monkeypatch
):
    inbound, record = message(gateway, OTHER)
    monkeypatch.setattr(gateway.gather._addresses, "gradings", lambda numbers: dict.fromkeys(numbers, AWAY))
    assert grading(gateway.gather.ahead([(inbound, record)]), inbound, record) is None
    young = replace(inbound, received_at=time.time() - 3600)
    for gather in (gateway.gather, gateway.gather.ahead([(young, record)])):
        with pytest.raises(Busy):
            gather(young, NAV, record)


def test_a_store_that_is_away_while_asked_ahead_leaves_the_consents_unknown(gateway, monkeypatch):
    def away(_patients):
        raise Busy("the store cannot be read now")

    one = message(gateway, OTHER)
    known = gateway.gather.ahead([one])(one[0], NAV, one[1]).facts
    monkeypatch.setattr(gateway.register, "of_patients", away)
    facts = gateway.gather.ahead([one])(one[0], NAV, one[1]).facts
    assert facts != known
    assert replace(facts, by_class=known.by_class) == known
