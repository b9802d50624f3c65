"""The canonical model as JSON, for people and tests. Pure.

Field names as in the model, a one-of by its class name; `record` says which record it is.
"""

from datetime import date, datetime
from typing import Any

import orjson

from gateway.core.errors import Issue, NotAcceptable
from gateway.core.message import Parsed, Read, Released, Rendered, Written
from gateway.core.vocabulary import DataClass
from gateway.model.walk import Field, fields_of, values_of

MEDIA_TYPE = "application/json"
RECORD = "record"


class CanonicalParser:
    """Reads the JSON form of a record of any of these classes: that which `record` names, else the first that fits."""

    def __init__(self, *models: type) -> None:
        self._models = models

    def __call__(self, raw: bytes, *, report: bool = False) -> Parsed[Any]:
        """Read it. Every leaf is carried, or the text is no record of the model at all."""
        try:
            given = orjson.loads(raw)
            record = self._read(given)
        except orjson.JSONDecodeError:
            return Parsed(None, (Issue("structure", "", "this is not JSON"),))
        except NotAcceptable as error:
            return Parsed(None, error.issues)
        rows = tuple(Read(path, "carried", path) for path, _, _ in values_of(record)) if report else ()
        return Parsed(record, rows=rows, leaves=len(rows))

    def again(self, raw: bytes) -> Parsed[Any]:
        """Read bytes that were accepted before."""
        return self(raw)

    def _read(self, given: Any) -> Any:
        if not isinstance(given, dict) or RECORD not in given:
            names = set(given) if isinstance(given, dict) else set()
            fitting = (model for model in self._models if names <= set(fields_of(model)))
            return _record(next(fitting, self._models[0]), given, "")
        known = {model.__name__: model for model in self._models}
        name = given[RECORD]
        if not isinstance(name, str) or name not in known:
            raise NotAcceptable([Issue("value", RECORD, f"one of {', '.join(known)} was expected")])
        return _record(known[name], {key: value for key, value in given.items() if key != RECORD}, "")


def render(released: Released[Any], classes: frozenset[DataClass] | None = None, *, report: bool = False) -> Rendered:
    """Write a record with what is populated; a field outside `classes` was not released and is not there."""
    del classes
    rows = tuple(Written(path, path) for path, _, _ in values_of(released.record)) if report else ()
    written = {RECORD: type(released.record).__name__, **_json(released.record)}
    return Rendered(orjson.dumps(written, option=orjson.OPT_INDENT_2), MEDIA_TYPE, rows)


def _json(record: Any) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for field in fields_of(type(record)).values():
        held = getattr(record, field.name)
        if held is None or held == ():
            continue
        written = [_value(field, item) for item in held] if field.many else _value(field, held)
        if written != {} or field.optional:
            out[field.name] = written
    return out


def _value(field: Field, held: Any) -> Any:
    if not field.is_record:
        return held
    return {type(held).__name__: _json(held)} if field.is_one_of else _json(held)


def _record(model: type, given: Any, at: str) -> Any:
    known = fields_of(model)
    if not isinstance(given, dict):
        raise NotAcceptable([Issue("structure", at, f"a {model.__name__} is a JSON object")])
    issues = [Issue("structure", f"{at}{name}", "there is no such field") for name in given if name not in known]
    missing = [f.name for f in known.values() if f.required and f.name not in given]
    issues += [Issue("required", f"{at}{name}", "the field is missing") for name in missing]
    if issues:
        raise NotAcceptable(issues)
    return model(**{name: _held(known[name], value, f"{at}{name}") for name, value in given.items()})


def _held(field: Field, given: Any, at: str) -> Any:
    if given is None and field.optional:
        return None
    if field.many:
        if not isinstance(given, list):
            raise NotAcceptable([Issue("structure", at, "a list was expected")])
        return tuple(_one(field, item, f"{at}[{i}]") for i, item in enumerate(given))
    return _one(field, given, at)


def _one(field: Field, given: Any, at: str) -> Any:
    if not field.is_record:
        return _scalar(field.kinds[0], given, at)
    if not field.is_one_of:
        return _record(field.kinds[0], given, f"{at}.")
    kinds = {kind.__name__: kind for kind in field.kinds}
    if not isinstance(given, dict) or len(given) != 1 or next(iter(given)) not in kinds:
        raise NotAcceptable([Issue("structure", at, f"one of {', '.join(kinds)} was expected")])
    name, inner = next(iter(given.items()))
    return _record(kinds[name], inner, f"{at}.")


def _scalar(kind: type, given: Any, at: str) -> Any:
    try:
        if kind is datetime and isinstance(given, str):
            return datetime.fromisoformat(given)
        if kind is date and isinstance(given, str):
            return date.fromisoformat(given)
    except ValueError:
        raise NotAcceptable([Issue("value", at, f"not a {kind.__name__}")]) from None
    if type(given) is not kind:
        raise NotAcceptable([Issue("value", at, f"not a {kind.__name__}")])
    return given
