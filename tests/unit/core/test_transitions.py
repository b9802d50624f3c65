"""The transition table: the only truth about how states follow each other, and what it promises."""

from itertools import product
from pathlib import Path

import pytest

from gateway.core import line
from gateway.core.line import FINAL, TRANSITIONS, Event, IllegalTransition, State, reachable, step

PAGE = Path(__file__).parents[3] / "docs" / "architecture.md"


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)), ids=lambda one: one.value)
def test_each_pair_is_in_the_table_or_raises(state: State, event: Event) -> None:
    if event in TRANSITIONS[state]:
        assert step(state, event) is TRANSITIONS[state][event]
        return
    with pytest.raises(IllegalTransition, match=f"{event} does not happen to a message that is {state}"):
        step(state, event)


def test_the_table_holds_every_state_and_uses_every_event() -> None:
    assert set(TRANSITIONS) == set(State)
    assert {event for edges in TRANSITIONS.values() for event in edges} == set(Event)


def test_nothing_is_delivered_without_a_permit() -> None:
    assert State.DELIVERED in reachable(State.RECEIVED)
    without = reachable(State.RECEIVED, frozenset({(State.RECEIVED, Event.PERMIT)}))
    assert without == {State.RECEIVED, State.REFUSED, State.INVALID, State.STUCK, State.DISCARDED}


@pytest.mark.parametrize("start", [State.DEAD_LETTER, State.STUCK, State.SEALED])
def test_what_goes_back_needs_a_permit_of_its_own(start: State) -> None:
    back = {Event.RESEND, Event.PERMIT_EXPIRED}
    [again] = [following for event, following in TRANSITIONS[start].items() if event in back]
    assert again is State.RECEIVED


def test_only_a_receipt_that_says_yes_acknowledges() -> None:
    into = {
        (state, event) for state, edges in TRANSITIONS.items() for event, to in edges.items() if to == "acknowledged"
    }
    assert into == {(State.DELIVERED, Event.RECEIPT_OK), (State.DEAD_LETTER, Event.RECEIPT_OK)}


def test_only_a_sealed_message_is_delivered_and_only_a_decided_one_is_sealed() -> None:
    into = {
        target: {state for state, edges in TRANSITIONS.items() if target in edges.values()}
        for target in (State.DELIVERED, State.SEALED, State.DECIDED)
    }
    assert into == {
        State.DELIVERED: {State.SEALED},
        State.SEALED: {State.DECIDED},
        State.DECIDED: {State.RECEIVED},
    }


@pytest.mark.parametrize("state", list(State))
def test_no_state_is_a_dead_end_but_the_final_ones(state: State) -> None:
    assert {State.ACKNOWLEDGED, State.REFUSED, State.INVALID, State.DISCARDED} == FINAL
    assert reachable(state) & FINAL
    assert (reachable(state) == {state}) == (state in FINAL)


@pytest.mark.parametrize("state", list(State))
def test_every_state_can_be_reached(state: State) -> None:
    assert state in reachable(State.RECEIVED)


def test_the_diagram_in_the_documentation_is_drawn_from_the_table() -> None:
    if not PAGE.is_file():
        pytest.skip("docs/architecture.md is not there")
    assert f"```mermaid\n{line.diagram()}```\n" in PAGE.read_text("utf-8")


def test_the_diagram_holds_every_edge() -> None:
    drawn = line.diagram().splitlines()
    edges = sum(map(len, TRANSITIONS.values()))
    assert len(drawn) == 2 + edges + len(FINAL)
    assert not any("-" in part.partition(":")[0].replace("-->", "") for part in drawn[2:])
