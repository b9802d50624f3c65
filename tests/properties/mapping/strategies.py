"""Any canonical record that a format can express, drawn from what the compiler says is expressible and nothing else."""

import string
from base64 import b64encode
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from datetime import date, timedelta, timezone
from typing import Any

from demands import Condition, Term
from expressible import Form, Text, Value
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from gateway.model.codes import LISTS
from gateway.model.walk import Field, fields_of

_CHARACTERS = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff") | st.sampled_from(
    "\t\n\r\x85 &<>\"'"
)
_URI = r"([a-z][a-z0-9+.-]{0,4}:)?[A-Za-z0-9._~-]{1,8}([/?#;,=&!$'()*+@]?|%[0-9A-F]{2})[A-Za-z0-9._~-]{0,4}"
_ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def _collapsed(text: str) -> str:
    return " ".join(text.split())


def _says_something(text: str) -> bool:
    return bool(text) and not text.isspace()


TEXTS: dict[Text, SearchStrategy[str]] = {
    Text.KEPT: st.text(_CHARACTERS, min_size=1, max_size=12).filter(_says_something),
    Text.COLLAPSED: st.text(_CHARACTERS, min_size=1, max_size=12).map(_collapsed).filter(bool),
    Text.URI: st.from_regex(_URI, fullmatch=True),
    Text.NINE: st.from_regex(r"[0-9]{9}", fullmatch=True),
    Text.ELEVEN: st.from_regex(r"[0-9]{11}", fullmatch=True),
    Text.TWELVE: st.from_regex(r"[0-9]{12}", fullmatch=True),
    Text.DIGITS: st.from_regex(r"[0-9]{1,4}", fullmatch=True),
    Text.ID: st.from_regex(r"[A-Za-z0-9\-.]{1,64}", fullmatch=True),
    Text.UUID: st.uuids().map(str),
    Text.DECIMAL: st.from_regex(r"[1-9][0-9]{0,3}(\.[0-9]?[1-9])?", fullmatch=True),
    Text.BASE64: st.binary(min_size=1, max_size=9).map(lambda raw: b64encode(raw).decode()),
    Text.OID: st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,4}", fullmatch=True),
}


@dataclass
class Drawing:
    """How records are drawn. `full` populates everything; `words` collects a word of its own in each text."""

    draw: DrawFn
    full: bool = False
    words: list[str] | None = None
    texts: Dict[Text, SearchStrategy[str]] = field(default_factory=lambda: TEXTS)

    def value(self, what: Value) -> Any:
        if what.codes:
            return self.draw(st.sampled_from(sorted(what.codes)))
        if what.kind is str:
            return self._word(what.text) if self.words is not None else self.draw(self.texts[what.text])
        if what.kind is bool:
            return self.draw(st.booleans())
        if what.kind is int:
            return self.draw(st.integers(what.least, what.most))
        if what.kind is date:
            return self.draw(st.dates())
        return self.draw(st.datetimes(timezones=_ZONES if what.zoned else st.none() | _ZONES))

    def _word(self, text: Text) -> str:
        if self.words is None:
            raise AssertionError("no words are planted")
        number = 10_000 + len(self.words)
        told = {
            Text.OID: f"2.16.578.{number}",
            Text.BASE64: f"plante{number}o",
            Text.NINE: f"pla{number}o",
            Text.ELEVEN: f"plante{number}",
            Text.TWELVE: f"plante{number}o",
            Text.DIGITS: f"{number}",
            Text.UUID: f"00000000-0000-4000-8000-0000000{number}",
            Text.DECIMAL: f"{number}.5",
        }
        self.words.append(told.get(text, f"plante{number}ord"))
        return self.words[-1]

    def record(self, form: Form) -> Any:
        held: dict[str, Any] = {}
        for key, what in form.fields.items():
            if self.full or _needed(form.made, key) or self.draw(st.booleans()):
                held[key] = self.held(form.made, key, what)
        while self._mend(form, held):
            pass
        return _made(form.made, held)

    def held(self, made: type, key: str, what: Any, branch: str = "") -> Any:
        """Draw what a field holds when it is there."""
        if _field(made, key).many:
            return tuple(self._one(what, branch) for _ in range(self.draw(st.integers(1, 2))))
        return self._one(what, branch)

    def _one(self, what: Any, branch: str) -> Any:
        if isinstance(what, Value):
            return self.value(what)
        if isinstance(what, Form):
            return self.record(what)
        return self.record(what[branch or self.draw(st.sampled_from(sorted(what)))])

    def _mend(self, form: Form, held: dict[str, Any]) -> bool:
        """Add the first thing that is demanded and not there; gives whether there was one."""
        for demand in form.demands:
            if _holds(demand.when, held) and not _holds(demand.any_of, held):
                terms = sorted((t for t in demand.any_of if t.key in form.fields), key=str)
                term = terms[0] if len(terms) == 1 else self.draw(st.sampled_from(terms))
                held[term.key] = self.held(form.made, term.key, form.fields[term.key], term.branch)
                return True
        for implied in form.implied:
            source = held.get(implied.source)
            if held.get(implied.key) is None and source is not None and implied.is_told(source):
                held[implied.key] = self.held(form.made, implied.key, form.fields[implied.key])
                return True
        return False


def _field(made: type, key: str) -> Field:
    *records, last = key.split(".")
    for name in records:
        made = fields_of(made)[name].kinds[0]
    return fields_of(made)[last]


def _needed(made: type, key: str) -> bool:
    """Whether the model itself has no way to leave a field out."""
    field_ = _field(made, key)
    return field_.required or not (field_.optional or field_.many)


def _holds(condition: Condition, held: dict[str, Any]) -> bool:
    return condition is None or any(_is_there(term, held) for term in condition)


def _is_there(term: Term, held: dict[str, Any]) -> bool:
    key = next((k for k in held if term.key == k or term.key.startswith(k + ".")), None)
    value = held[key] if key else None
    for name in term.key[len(key or "") :].split(".")[1:]:
        value = getattr(value, name, None)
    if value is None or value == ():
        return False
    return not term.branch or type(value).__name__ == term.branch


def _made(made: type, held: dict[str, Any]) -> Any:
    """Make a record from what is held under dotted names."""
    own: dict[str, Any] = {}
    inner: dict[str, dict[str, Any]] = {}
    for key, value in held.items():
        name, dot, rest = key.partition(".")
        if dot:
            inner.setdefault(name, {})[rest] = value
        else:
            own[name] = value
    for name, below in inner.items():
        own[name] = _made(fields_of(made)[name].kinds[0], below)
    return made(**own)


def expressed(form: Form) -> SearchStrategy[Any]:
    """Any record of a form."""
    return st.composite(lambda draw: Drawing(draw).record(form))()


def planted(form: Form) -> SearchStrategy[tuple[Any, list[str]]]:
    """A record of a form with everything in it, and the word that stands in each text and nowhere else."""

    def drawn(draw: DrawFn) -> tuple[Any, list[str]]:
        words: list[str] = []
        return Drawing(draw, full=True, words=words).record(form), words

    return st.composite(drawn)()


def whole(made: type) -> Form:
    """The form of the whole model, as if a format could express everything."""
    fields: dict[str, Any] = {}
    for name, field_ in fields_of(made).items():
        if field_.is_one_of:
            fields[name] = {kind.__name__: whole(kind) for kind in field_.kinds}
        elif field_.is_record:
            fields[name] = whole(field_.kinds[0])
        else:
            fields[name] = Value(field_.kinds[0], codes=LISTS.get(field_.codes, frozenset()))
    return Form(made, fields)


TROUBLE = {Text.KEPT: TEXTS[Text.KEPT] | st.text(string.printable + "\x00\x0b\ud800\ufffe", max_size=8)}


def anything(made: type) -> SearchStrategy[Any]:
    """Any record of the model at all, half of them with everything in them, half with texts no format can hold."""

    def drawn(draw: DrawFn) -> Any:
        texts = draw(st.sampled_from((TEXTS, TROUBLE)))
        return Drawing(draw, full=draw(st.booleans()), texts=texts).record(whole(made))

    return st.composite(drawn)()
