"""From the text of a mapping file to a `Mapping`; every mistake of form is a fault with its position."""

import re
from collections.abc import Iterator
from dataclasses import replace

from gateway.core.errors import Fault
from gateway.mapping.language import (
    Branch,
    ChooseRule,
    ConstRule,
    Derived,
    DropRule,
    EntryRule,
    FieldRule,
    LinkRule,
    Mapping,
    Path,
    Reason,
    ShapeRule,
    Spot,
    Wire,
)
from gateway.mapping.load.paths import BadPath, Grammar
from gateway.mapping.load.yamltext import Block, compose
from gateway.mapping.nearest import nearest

HEADER = frozenset(
    (
        *("mapping", "title", "language", "version", "model", "direction", "wire", "keys", "names", "words", "shapes"),
        *("fields", "const", "drop", "drop_each", "links", "lacks", "unwrap", "bare", "allow", "extends", "without"),
        *("only", "entries", "choose", "as_of"),
    )
)
FIELD = frozenset(
    (
        *("at", "each", "value", "shape", "codes", "columns", "parts", "fields", "drop", "const", "only", "one_of"),
        *("by", "zone", "absent", "contains", "joined", "prefix", "of", "unknown", "as", "also_read", "direction"),
        "reason",
    )
)
BRANCH = frozenset({"at", "when", "display", "fields", "drop", "const"})
SHAPE = frozenset({"model", "fields", "drop", "const", "only"})
CHOOSE = frozenset({"by", "first", "never", "until", "known"})
HOP = " > "
WIRE = frozenset({"format", "schema", "root", "prefixes", "questionnaire", "questions", "service", "told_by"})
CONST = frozenset({"value", "also", "always"})
DROP = frozenset({"reason", "write"})
DERIVED = frozenset({"from", "by"})
DIRECTIONS = frozenset({"both", "read", "write"})
PART = "part"
FORMATS = frozenset({"xml", "json"})
UNKNOWN = frozenset({"refuse", "omit"})
WORD = re.compile(r"\$\{([^}]*)\}")


def load(text: str, file: str) -> tuple[Mapping | None, list[Fault]]:
    """Read a mapping file; with faults there may be no mapping, or one that is not to be used."""
    faults: list[Fault] = []
    root = compose(text, file, faults)
    if root is None:
        return None, faults
    return _Loader(root, faults).mapping(), faults


class _Loader:
    """Reads one file; holds its words and its grammar of paths while it does."""

    def __init__(self, root: Block, faults: list[Fault]) -> None:
        self.root = root
        self.faults = faults
        self.words: dict[str, str] = {}
        self.grammar = Grammar("/", {}, {})

    def mapping(self) -> Mapping | None:
        entries = self.root.entries(HEADER)
        part = _text(entries.get("direction")) == PART
        model = () if part else ("model",)
        self.root.demand(("mapping", "language", "version", *model, "direction", "wire", "fields"), entries)
        for key in ("mapping", "version"):
            if key in entries and not entries[key].text().strip():
                entries[key].fault(f"the {key} is empty")
        if "wire" not in entries or "mapping" not in entries or "fields" not in entries:
            return None
        wire = self._wire(entries["wire"])
        names = {k.text(): _texts(v) for k, v in _items(entries.get("names"))}
        keys = {k.text(): v.text() for k, v in _items(entries.get("keys"))}
        self.grammar = Grammar("/" if wire.format == "xml" else ".", keys, names)
        self.words = {k.text(): self._expand(v) for k, v in _items(entries.get("words"))}
        return Mapping(
            name=entries["mapping"].text(),
            spot=self.root.spot,
            spots=_spots(entries),
            language=_text(entries.get("language")),
            version=_text(entries.get("version")),
            title=_text(entries.get("title")),
            model=_text(entries.get("model")),
            direction=self._word(entries.get("direction"), DIRECTIONS | {PART}, "both"),
            wire=wire,
            fields=self._fields(entries["fields"]),
            shapes={k.text(): self._shape(k, v) for k, v in _items(entries.get("shapes"))},
            consts=self._held(entries),
            drops=self._drops(entries.get("drop")),
            drop_each={k.text(): self._drops(v) for k, v in _items(entries.get("drop_each"))},
            links=self._links(entries.get("links")),
            lacks={k.text(): Reason(self._reason(v), k.spot) for k, v in _items(entries.get("lacks"))},
            words={k: self._parse(v, self.root) for k, v in self.words.items()},
            unwrap=_texts(entries.get("unwrap")),
            bare={k.text(): self._path(v) for k, v in _items(entries.get("bare"))},
            allow=_texts(entries.get("allow")),
            extends=_text(entries.get("extends")),
            without=tuple(self._path(item) for item in _list(entries.get("without"))),
            names=names,
            entries={rule.word: rule for rule in self._entries(entries.get("entries"))},
            choose=tuple(self._choose(name, value) for name, value in _items(entries.get("choose"))),
            as_of=tuple(self._path(one) for one in _each(entries.get("as_of"))),
        )

    def _wire(self, block: Block) -> Wire:
        entries = block.entries(WIRE)
        block.demand(("format", "schema", "root"), entries)
        return Wire(
            format=self._word(entries.get("format"), FORMATS, "xml"),
            schema=_text(entries.get("schema")),
            root=_text(entries.get("root")),
            spot=(entries.get("schema") or block).spot,
            prefixes={k.text(): v.text() for k, v in _items(entries.get("prefixes"))},
            questionnaire=_text(entries.get("questionnaire")),
            questions=_text(entries.get("questions")),
            service=_text(entries.get("service")),
            told_by=_texts(entries.get("told_by")),
            spots={key: value.spot for key, value in entries.items()}
            | {f"prefixes.{name.text()}": uri.spot for name, uri in _items(entries.get("prefixes"))},
        )

    def _fields(self, block: Block | None) -> tuple[FieldRule, ...]:
        return tuple(self._field(name, value) for name, value in _items(block))

    def _field(self, name: Block, value: Block) -> FieldRule:
        if value.is_text:
            return FieldRule(name.text(), name.spot, {"at": value.spot}, at=self._path(value))
        entries = value.entries(FIELD)
        at = entries.get("each") or entries.get("at")
        if not at and "one_of" not in entries:
            value.fault(f"{name.text()} says no place", "give `at:` or `each:`")
        return FieldRule(
            field=name.text(),
            spot=name.spot,
            spots={option: block.spot for option, block in entries.items()} | ({"at": at.spot} if at else {}),
            at=self._path(at) if at else None,
            each="each" in entries,
            value=self._path(entries["value"]) if "value" in entries else None,
            shape=_text(entries.get("shape")),
            codes=_text(entries.get("codes")),
            columns={self._parse(self._expand(k), k): v.text() for k, v in _items(entries.get("columns"))},
            parts=_texts(entries.get("parts")),
            fields=self._fields(entries.get("fields")),
            drops=self._drops(entries.get("drop")),
            consts=self._held(entries),
            one_of=tuple(self._branch(k, v) for k, v in _items(entries.get("one_of"))),
            by=self._path(entries["by"]) if "by" in entries else None,
            zone=_text(entries.get("zone")),
            absent=self._written(entries.get("absent")),
            contains=_text(entries.get("contains")),
            joined=_text(entries.get("joined")),
            prefix=_text(entries.get("prefix")),
            of=_text(entries.get("of")),
            unknown=self._word(entries.get("unknown"), UNKNOWN, "refuse"),
            as_=_text(entries.get("as")),
            also_read=tuple(self._path(item) for item in _list(entries.get("also_read"))),
            direction=self._word(entries.get("direction"), DIRECTIONS, "both"),
            reason=_text(entries.get("reason")),
        )

    def _branch(self, name: Block, value: Block) -> Branch:
        entries = value.entries(BRANCH)
        return Branch(
            name=name.text(),
            spot=name.spot,
            code_spot=(entries.get("when") or name).spot,
            at=self._path(entries["at"]) if "at" in entries else None,
            when=_text(entries.get("when")),
            display=_text(entries.get("display")),
            fields=self._fields(entries.get("fields")),
            drops=self._drops(entries.get("drop")),
            consts=self._consts(entries.get("const")),
        )

    def _shape(self, name: Block, value: Block) -> ShapeRule:
        entries = value.entries(SHAPE)
        return ShapeRule(
            name=name.text(),
            spot=name.spot,
            model=_text(entries.get("model")),
            fields=self._fields(entries.get("fields")),
            drops=self._drops(entries.get("drop")),
            consts=self._held(entries),
        )

    def _held(self, entries: dict[str, Block]) -> tuple[ConstRule, ...]:
        """Give what always stands there, and what is taken only as it is told here."""
        only = (replace(rule, only=True) for rule in self._consts(entries.get("only")))
        return (*self._consts(entries.get("const")), *only)

    def _consts(self, block: Block | None) -> tuple[ConstRule, ...]:
        return tuple(self._const(name, value) for name, value in _items(block))

    def _const(self, name: Block, value: Block) -> ConstRule:
        path = self._parse(self._expand(name), name)
        if value.is_text or value.is_list:
            return ConstRule(path, name.spot, _texts(value))
        entries = value.entries(CONST)
        values = (_text(entries.get("value")), *_texts(entries.get("also")))
        always = self._word(entries.get("always"), frozenset({"yes", "no"}), "no") == "yes"
        return ConstRule(path, name.spot, values, always=always)

    def _drops(self, block: Block | None) -> tuple[DropRule, ...]:
        return tuple(self._drop(name, value) for name, value in _items(block))

    def _drop(self, name: Block, value: Block) -> DropRule:
        path = self._parse(self._expand(name), name)
        if value.is_text:
            return DropRule(path, name.spot, self._reason(value))
        entries = value.entries(DROP)
        value.demand(("reason",), entries)
        reason = self._reason(entries["reason"]) if "reason" in entries else ""
        return DropRule(path, name.spot, reason, self._written(entries.get("write")))

    def _reason(self, block: Block) -> str:
        if not block.text().strip():
            block.fault("the reason is empty", "say in a few words why this is not carried")
        return block.text()

    def _entries(self, block: Block | None) -> Iterator[EntryRule]:
        for name, value in _items(block):
            if name.text() not in self.words:
                name.fault(f"there is no word {name.text()}", nearest(name.text(), self.words))
                continue
            yield EntryRule(name.text(), name.spot, tuple(self._way(way) for way in _each(value)))

    def _way(self, block: Block) -> tuple[Path, ...]:
        return tuple(self._parse(hop, block) for hop in self._expand(block).split(HOP))

    def _choose(self, name: Block, value: Block) -> ChooseRule:
        entries = value.entries(CHOOSE)
        return ChooseRule(
            at=self._path(name),
            spot=name.spot,
            spots={option: block.spot for option, block in entries.items()},
            by=self._path(entries["by"]) if "by" in entries else (),
            first=_texts(entries.get("first")),
            never=_texts(entries.get("never")),
            until=self._path(entries["until"]) if "until" in entries else (),
            known=self._path(entries["known"]) if "known" in entries else (),
        )

    def _links(self, block: Block | None) -> tuple[LinkRule, ...]:
        rules = []
        for name, value in _items(block):
            if value.text() not in self.words:
                value.fault(f"there is no word {value.text()}", nearest(value.text(), self.words))
                continue
            rules.append(LinkRule(self._parse(self._expand(name), name), name.spot, value.text()))
        return tuple(rules)

    def _written(self, block: Block | None) -> str | Derived | None:
        if block is None or block.is_text:
            return block.text() if block else None
        entries = block.entries(DERIVED)
        return Derived(_text(entries.get("from")), _text(entries.get("by")))

    def _path(self, block: Block) -> Path:
        return self._parse(self._expand(block), block)

    def _parse(self, text: str, block: Block) -> Path:
        try:
            return self.grammar.parse(text)
        except BadPath as error:
            block.fault(str(error))
            return ()

    def _expand(self, block: Block) -> str:
        def word(match: re.Match[str]) -> str:
            if match[1] not in self.words:
                block.fault(f"there is no word {match[1]}", nearest(match[1], self.words))
            return self.words.get(match[1], match[1])

        return WORD.sub(word, block.text())

    def _word(self, block: Block | None, known: frozenset[str], default: str) -> str:
        if block is None:
            return default
        if block.text() not in known:
            block.fault(f"{block.text()} is not one of {', '.join(sorted(known))}", nearest(block.text(), known))
            return default
        return block.text()


def _spots(entries: dict[str, Block]) -> dict[str, Spot]:
    spots = {key: block.spot for key, block in entries.items()}
    spots |= {f"words.{word.text()}": path.spot for word, path in _items(entries.get("words"))}
    for key in ("allow", "unwrap"):
        spots |= {f"{key}.{item.text()}": item.spot for item in _list(entries.get(key))}
    for key in ("bare", "drop_each", "names"):
        spots |= {f"{key}.{name.text()}": name.spot for name, _ in _items(entries.get(key))}
    return spots


def _items(block: Block | None) -> list[tuple[Block, Block]]:
    return list(block.items()) if block else []


def _list(block: Block | None) -> list[Block]:
    return list(block.list()) if block else []


def _each(block: Block | None) -> list[Block]:
    """Give the items of a list, or the one that stands for itself."""
    return [block] if block and block.is_text else _list(block)


def _text(block: Block | None) -> str:
    return block.text() if block else ""


def _texts(block: Block | None) -> tuple[str, ...]:
    if block is None:
        return ()
    if block.is_text:
        return (block.text(),)
    return tuple(item.text() for item in block.list())
