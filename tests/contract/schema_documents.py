"""XML documents to compare schemas on: generated from a schema's own particles, and damaged in every way."""

import copy
import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import xmlschema
from lxml import etree
from xmlschema.validators import XsdAnyElement, XsdElement, XsdGroup

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
TEXTS = (
    *("", " ", "x", "æ\n å", "true", "1", "0", "7", "-1", "3.5", "99999999999", "2024-02-30", "2024-02-29", "24:00:00"),
    *("2024-01-01T10:00:00+01:00", "2024-01-01T10:00:00", "2024", "2024-05", "1e3", "YQ==", "Y", "1.2.3", "1..2", "1."),
    *("00000000-0000-4000-8000-000000000000", "JA"),
    *("v1.2 2006-05-24", "tel:1", "a b c", "%zz", "01010112345", "889640782", "RES", "SM2013", "HP", "UNK"),
)
"""Things to say in a text or an attribute; for each datatype some fit and some do not."""

ATTRIBUTES = (
    *("V", "S", "DN", "OT", "Id", "ediLoggId", "tiltak", "bogus", "Algorithm", "ebRole"),
    *(f"{XSI}nil", f"{XSI}type"),
)


Samples = Mapping[str, Sequence[etree._Element]]
"""Documents by the namespace of their root."""


class Generator:
    """Documents that a schema allows, drawn from its own particles."""

    def __init__(self, schema: xmlschema.XMLSchema, namespaces: Sequence[str], dice: random.Random) -> None:
        self.globals = [e for e in schema.maps.elements.values() if e.target_namespace in namespaces]
        self.dice = dice
        self.everything = False
        self.named_so_far = 0

    def document(self) -> etree._Element:
        return self.element(self.dice.choice(self.globals), 0)

    def element(self, declared: XsdElement, depth: int) -> etree._Element:
        made = etree.Element(declared.name)
        kind = declared.type
        for name, attribute in kind.attributes.items() if kind.is_complex() else ():
            if name and (attribute.use == "required" or self.everything or self.dice.random() < 0.5):
                made.set(name, self.identity() if attribute.type.local_name == "ID" else self.text(attribute.type))
        if kind.has_simple_content() or kind.is_simple():
            made.text = declared.fixed or self.text(kind if kind.is_simple() else kind.content)
        elif isinstance(kind.content, XsdGroup):
            made.extend(self.group(kind.content, depth + 1))
        return made

    def group(self, group: XsdGroup, depth: int) -> Iterator[etree._Element]:
        for _ in range(self.times(group, depth)):
            particles = [self.dice.choice(list(group))] if group.model == "choice" else list(group)
            for particle in particles:
                if isinstance(particle, XsdGroup):
                    yield from self.group(particle, depth)
                    continue
                for _ in range(self.times(particle, depth)):
                    yield self.element(self.named(particle), depth)

    def named(self, particle: XsdElement | XsdAnyElement) -> XsdElement:
        if isinstance(particle, XsdElement):
            return particle.ref or particle
        allowed = [e for e in self.globals if particle.is_matching(e.name)]
        return self.dice.choice([e for e in allowed if not e.type.is_complex()])

    def identity(self) -> str:
        """A name that no other element has."""
        self.named_so_far += 1
        return f"id{self.named_so_far}"

    def times(self, particle: XsdElement | XsdAnyElement | XsdGroup, depth: int) -> int:
        least = max(particle.min_occurs, self.everything)
        if depth > 12:
            return least
        most = least + 2 if particle.max_occurs is None else particle.max_occurs
        return self.dice.randint(least, min(most, least + 2))

    def text(self, kind: xmlschema.XsdType) -> str:
        return self.dice.choice(texts(kind))


@cache
def texts(kind: xmlschema.XsdType) -> list[str]:
    """What we know to say that fits, or anything when we know nothing."""
    return [*map(str, kind.enumeration or ()), *(t for t in TEXTS if fits(kind, t))] or list(TEXTS)


def fits(kind: xmlschema.XsdType, text: str) -> bool:
    try:
        fit = kind.is_valid(text)
    except OverflowError:  # a year beyond what xmlschema can hold
        return False
    engines_agree = kind.local_name != "anyURI" or text in {"", "x", "tel:1"}
    return fit and engines_agree


class Mutator:
    """Small damage of every kind that a sender, a network or a bad program can do to a document."""

    def __init__(
        self, samples: Mapping[str, Sequence[etree._Element]], namespaces: Sequence[str], dice: random.Random
    ) -> None:
        self.dice = dice
        self.namespaces = namespaces
        self.samples = samples
        self.names = sorted({e.tag for each in samples.values() for s in each for e in s.iter(etree.Element)})

    def sample(self) -> etree._Element:
        """A document, each namespace as often as another."""
        return self.dice.choice(self.samples[self.dice.choice(sorted(self.samples))])

    def mutate(self, element: etree._Element) -> etree._Element:
        changed = copy.deepcopy(element)
        for _ in range(self.dice.choice((1, 1, 1, 2, 3))):
            getattr(self, self.dice.choice(self.KINDS))(self.dice.choice(list(changed.iter(etree.Element))))
        return changed

    KINDS = ("drop", "double", "swap", "rename", "move", "say", "mark", "unmark", "insert", "transplant", "stray")

    def drop(self, at: etree._Element) -> None:
        if (parent := at.getparent()) is not None:
            parent.remove(at)

    def double(self, at: etree._Element) -> None:
        if at.getparent() is not None:
            at.addnext(copy.deepcopy(at))

    def swap(self, at: etree._Element) -> None:
        if (following := at.getnext()) is not None:
            following.addnext(at)

    def rename(self, at: etree._Element) -> None:
        at.tag = self.dice.choice(self.names)

    def move(self, at: etree._Element) -> None:
        namespace = self.dice.choice(self.namespaces)
        at.tag = etree.QName(namespace or None, etree.QName(at).localname).text

    def say(self, at: etree._Element) -> None:
        leaves = [e for e in at.iter(etree.Element) if not len(e)]
        self.dice.choice(leaves or [at]).text = self.dice.choice(TEXTS)

    def mark(self, at: etree._Element) -> None:
        names = [*ATTRIBUTES, *at.attrib]
        at.set(self.dice.choice(names), self.dice.choice(TEXTS))

    def unmark(self, at: etree._Element) -> None:
        if at.attrib:
            del at.attrib[self.dice.choice(list(at.attrib))]

    def insert(self, at: etree._Element) -> None:
        at.insert(self.dice.randint(0, len(at)), etree.Element(self.dice.choice(self.names)))

    def transplant(self, at: etree._Element) -> None:
        donor = self.dice.choice(list(self.sample().iter(etree.Element)))
        at.insert(self.dice.randint(0, len(at)), copy.deepcopy(donor))

    def stray(self, at: etree._Element) -> None:
        at.text = (at.text or "") + self.dice.choice(TEXTS)


def single_faults(document: etree._Element) -> Iterator[etree._Element]:
    """The document with one thing wrong or merely different, at every place in turn."""
    for place, node in enumerate(document.iter(etree.Element)):
        leaf_texts = TEXTS if not len(node) else TEXTS[:3]
        yield from (altered(document, place, "text", text) for text in leaf_texts)
        yield from (altered(document, place, name, text) for name in node.attrib for text in (None, *TEXTS))
        yield altered(document, place, f"{XSI}nil", "true")
        yield altered(document, place, "bogus", "x")
        yield altered(document, place, "child", "{urn:unknown}x")


def altered(document: etree._Element, place: int, what: str, text: str | None) -> etree._Element:
    copied = copy.deepcopy(document)
    node = next(itertools.islice(copied.iter(etree.Element), place, None))
    if what == "text":
        node.text = text
    elif what == "child":
        etree.SubElement(node, text)
    elif text is None:
        del node.attrib[what]
    elif what == f"{XSI}nil":
        node.clear()
        node.set(what, text)
    else:
        node.set(what, text)
    return copied
