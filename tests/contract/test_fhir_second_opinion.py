"""The codec finds all that the typed models find, so that no message has to be shown to both (ADR 9 and 20)."""

import copy
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from long_runs import times
from second_opinion import refusals, right

from adapters.fhir.codec.decoding import _walked

MESSAGES = Path(__file__).parents[2] / "gateway" / "sandbox" / "messages"
STRANGE: tuple[Any, ...] = (
    *(None, [], {}, "", " ", "x", "2026-02-30", "2026-02-03", "2026-02-03T09:00:00Z", "urn:x", "http://e.x/1|2"),
    *(0, -1, 3, 2**40, 1.5, True, False, ["x"], [None], [{}], {"value": "x"}, {"reference": "Patient/1"}),
    *({"coding": [{"code": "x"}]}, {"url": "urn:x", "valueString": "x"}, [{"url": "urn:x"}], "A" * 70, "æ\u0001"),
)
NAMES = ("id", "status", "code", "value", "valueString", "valueDate", "text", "extension", "contained", "_status")


def bundles() -> list[dict[str, Any]]:
    return [orjson.loads(path.read_bytes()) for path in sorted(MESSAGES.glob("*.json"))]


def holders(tree: Any) -> Iterator[Any]:
    """Give every object and list of a tree that has something in it."""
    inner = list(tree.values()) if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    if inner:
        yield tree
    for one in inner:
        yield from holders(one)


def mutate(tree: dict[str, Any], dice: random.Random) -> None:
    """Change one place of a tree: take it away, put something strange there, or move it under another name."""
    holder = dice.choice(list(holders(tree)))
    key = dice.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    act = dice.randrange(4)
    if act == 0:
        del holder[key]
    elif act == 1 and isinstance(holder, dict):
        holder[dice.choice(NAMES)] = copy.deepcopy(dice.choice((holder[key], *STRANGE)))
    elif act == 2:
        held = holder[key]
        holder[key] = held[0] if isinstance(held, list) and held else [held, copy.deepcopy(held)]
    else:
        holder[key] = copy.deepcopy(dice.choice(STRANGE))


def missed(rounds: int, seed: int) -> list[str]:
    """Give what the models refuse, and the codec does not, of so many messages with one to three places changed."""
    dice, known, found = random.Random(seed), bundles(), []  # noqa: S311 - a seed that a failure can be repeated with
    for number in range(rounds):
        tree = copy.deepcopy(dice.choice(known))
        for _ in range(dice.randint(1, 3)):
            mutate(tree, dice)
        walk = _walked(tree)
        found += [f"round {number} of seed {seed}: {said}" for said in refusals(right(walk))]
    return found


def test_the_models_refuse_nothing_that_the_codec_lets_through() -> None:
    assert missed(1_000, 20261124) == []


@pytest.mark.fuzz
def test_the_models_refuse_nothing_that_the_codec_lets_through_in_many_messages() -> None:
    assert missed(times(150), 7) == []


def test_the_models_do_refuse_what_they_are_shown() -> None:
    """The control: an oracle that never objects proves nothing."""
    tree = bundles()[0]
    walk = _walked(tree)
    walk.nodes[1].body["language"] = {"not": "a code"}
    assert list(refusals(right(walk))) != []
