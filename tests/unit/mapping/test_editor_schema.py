"""The JSON Schema for editors says what the loader says: the same keys, the same words, the same real files.

No JSON Schema validator is among the dependencies; `Held` below knows the keywords that the schema uses, and refuses
a schema that uses another.
"""

import json
import re
from typing import Any

import pytest
import yaml
from check_kit import FOLDER, RECORDS

from gateway.core.vocabulary import DataClass
from gateway.mapping.compile.derive import DERIVATIONS
from gateway.mapping.language import LANGUAGE_VERSION
from gateway.mapping.load import codes
from gateway.mapping.load import mapping as load
from gateway.model.codes import LISTS

SCHEMA: dict[str, Any] = json.loads((FOLDER / "mapping.schema.json").read_text(encoding="utf-8"))
DEFS: dict[str, Any] = SCHEMA["$defs"]
FILES = sorted([*FOLDER.glob("*/*/mapping.yaml"), *FOLDER.glob("codes/*.yaml")])
TYPES = {"object": dict, "array": list, "string": str, "number": (int, float), "boolean": bool}
SAID = {"$schema", "$id", "title", "description", "$defs"}


class Held:
    """Holds data to a schema of these keywords; `wrong` has a JSON pointer for each thing that does not fit."""

    def __init__(self) -> None:
        self.wrong: list[str] = []

    def fits(self, data: Any, schema: dict[str, Any], at: str = "") -> bool:
        return not self._faults(data, schema, at)

    def _faults(self, data: Any, schema: dict[str, Any], at: str) -> list[str]:
        faults: list[str] = []
        for keyword in schema.keys() - SAID - {"then", "else"}:
            faults += getattr(self, "_" + keyword.strip("$"))(data, schema[keyword], at, schema)
        self.wrong += faults
        return faults

    def _ref(self, data: Any, told: str, at: str, _: Any) -> list[str]:
        return self._faults(data, DEFS[told.removeprefix("#/$defs/")], at)

    def _if(self, data: Any, told: Any, at: str, schema: Any) -> list[str]:
        return self._faults(data, schema["else" if Held()._faults(data, told, at) else "then"], at)

    def _type(self, data: Any, told: Any, at: str, _: Any) -> list[str]:
        kinds = [told] if isinstance(told, str) else told
        return [] if any(isinstance(data, TYPES[kind]) for kind in kinds) else [f"{at}: not {told}"]

    def _enum(self, data: Any, told: list[Any], at: str, _: Any) -> list[str]:
        return [] if data in told else [f"{at}: not one of {told}"]

    def _pattern(self, data: Any, told: str, at: str, _: Any) -> list[str]:
        return [] if not isinstance(data, str) or re.search(told, data) else [f"{at}: not like {told}"]

    def _minLength(self, data: Any, told: int, at: str, _: Any) -> list[str]:  # noqa: N802 - the keyword's name
        return [] if not isinstance(data, str) or len(data) >= told else [f"{at}: too short"]

    def _minItems(self, data: Any, told: int, at: str, _: Any) -> list[str]:  # noqa: N802 - the keyword's name
        return [] if not isinstance(data, list) or len(data) >= told else [f"{at}: too few"]

    def _required(self, data: Any, told: list[str], at: str, _: Any) -> list[str]:
        return [f"{at}: no {name}" for name in told if isinstance(data, dict) and name not in data]

    def _items(self, data: Any, told: Any, at: str, _: Any) -> list[str]:
        items = enumerate(data) if isinstance(data, list) else ()
        return [fault for i, item in items for fault in self._faults(item, told, f"{at}/{i}")]

    def _properties(self, data: Any, told: dict[str, Any], at: str, _: Any) -> list[str]:
        known = [key for key in told if isinstance(data, dict) and key in data]
        return [fault for key in known for fault in self._faults(data[key], told[key], f"{at}/{key}")]

    def _additionalProperties(self, data: Any, told: Any, at: str, schema: Any) -> list[str]:  # noqa: N802
        others = [key for key in data if key not in schema.get("properties", {})] if isinstance(data, dict) else []
        if told is False:
            return [f"{at}/{key}: not a key" for key in others]
        return [fault for key in others for fault in self._faults(data[key], told, f"{at}/{key}")]

    def _anyOf(self, data: Any, told: list[Any], at: str, _: Any) -> list[str]:  # noqa: N802 - the keyword's name
        tried = [Held()._faults(data, one, at) for one in told]
        return [] if not all(tried) else min(tried, key=len)


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_every_real_file_fits(file: Any) -> None:
    held = Held()
    assert held.fits(yaml.safe_load(file.read_text(encoding="utf-8")), SCHEMA), held.wrong


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("mapping", load.HEADER),
        ("wire", load.WIRE),
        ("field", load.FIELD),
        ("branch", load.BRANCH),
        ("shape", load.SHAPE),
        ("derived", load.DERIVED),
        ("table", codes.TABLE),
    ],
)
def test_it_knows_the_keys_that_the_loader_knows_and_no_other(name: str, keys: frozenset[str]) -> None:
    assert DEFS[name]["properties"].keys() == keys
    assert DEFS[name]["additionalProperties"] is False


@pytest.mark.parametrize(("name", "keys"), [("consts", load.CONST), ("drops", load.DROP)])
def test_it_knows_the_keys_of_the_long_forms(name: str, keys: frozenset[str]) -> None:
    long_form = DEFS[name]["additionalProperties"]["anyOf"][-1]
    assert long_form["properties"].keys() == keys
    assert long_form["additionalProperties"] is False


@pytest.mark.parametrize(
    ("name", "key", "words"),
    [
        ("mapping", "direction", load.DIRECTIONS | {load.PART}),
        ("mapping", "model", RECORDS),
        ("mapping", "language", {int(LANGUAGE_VERSION), LANGUAGE_VERSION}),
        ("wire", "format", load.FORMATS),
        ("field", "unknown", load.UNKNOWN),
        ("field", "direction", load.DIRECTIONS),
        ("field", "as", DERIVATIONS),
        ("derived", "by", DERIVATIONS),
        ("table", "list", LISTS),
    ],
)
def test_it_offers_the_words_that_the_checker_takes(name: str, key: str, words: Any) -> None:
    assert set(DEFS[name]["properties"][key]["enum"]) == set(words)


def test_it_offers_every_data_class() -> None:
    assert set(DEFS["mapping"]["properties"]["allow"]["items"]["enum"]) == set(DataClass)


def test_every_key_is_explained() -> None:
    for name, definition in DEFS.items():
        for key, said in definition.get("properties", {}).items():
            told = said.get("description") or DEFS[said["$ref"].removeprefix("#/$defs/")].get("description")
            assert told, f"{name}.{key}"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("direction: both", "direction: bth"),
        ("\nlacks:", "\nlack:"),
        ("zone: Europe/Oslo}           #", "zoen: Europe/Oslo}           #"),
        ("unknown: omit, columns: {TypeTelecom", "unknown: guess, columns: {TypeTelecom"),
        ("{reason: display of a fixed code, write: Sykmelding}", "{write: Sykmelding}"),
        ("received_at: set by the receiver", "received_at: ''"),
        ("{at: Reisetilskudd, fields: {paid: .}}", "{fields: {paid: .}}"),
        ("{each: TeleCom, shape: telecom}", "{shape: telecom}"),
        ("  root: MsgHead\n", ""),
    ],
)
def test_a_mistake_of_form_does_not_fit(old: str, new: str) -> None:
    text = (FOLDER / "nav/sykmelding/mapping.yaml").read_text(encoding="utf-8")
    assert old in text
    assert not Held().fits(yaml.safe_load(text.replace(old, new, 1)), SCHEMA)


def test_a_table_without_rows_does_not_fit() -> None:
    assert not Held().fits({"x": {"list": "restriction", "columns": ["wire", "canonical"]}}, SCHEMA)
