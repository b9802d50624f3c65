"""Our own NAV schemas give the official ones' verdict, on real messages, on changed ones and on generated ones."""

import copy
import itertools
import random
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import xmlschema
from lxml import etree
from xmlschema.validators import XsdAnyElement, XsdElement, XsdGroup

ROOT = Path(__file__).parents[2]
OURS = ROOT / "mappings/schema/nav"
DATA = ROOT.parent / "shared/data/nav"
OFFICIAL = DATA / "xsd/syfo-xml-codegen"
KITH = "http://www.kith.no/xmlstds"
EMPLOYER = "http://nav.no/melding/virksomhet/sykmeldingArbeidsgiver/v1/sykmeldingArbeidsgiver"

# namespace: our file, the official file
PAIRS = {
    f"{KITH}/msghead/2006-05-24": ("msghead", "kith-hodemelding/MsgHead-v1_2"),
    f"{KITH}/HelseOpplysningerArbeidsuforhet/2013-10-01": (
        "sykmelding",
        "sm2013/HelseOpplysningerArbeidsuforhet_2013-10-01",
    ),
    f"{KITH}/dialog/2006-10-11": ("dialogmelding", "dialogmelding/dialogmelding"),
    f"{KITH}/legeerklaring/2008-06-06": ("legeerklaring", "legeerklaering/NAV-Legeerklaring-2008-06-06"),
    f"{KITH}/apprec/2004-11-21": ("apprec", "kith-apprec/AppRec-v1.0"),
    f"{KITH}/base64container": ("base64container", "base64container/kith-base64"),
    "http://www.trygdeetaten.no/xml/eiff/1/": ("fellesformat-1", "xmlfellesformat/Fellesformat_any"),
    "http://www.nav.no/xml/eiff/2/": ("fellesformat-2", "xmlfellesformat2/Fellesformat2_any"),
    EMPLOYER: ("employer", "sykmelding-arbeidsgiver/sykmeldingArbeidsgiver"),
}
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
DSIG = "http://www.w3.org/2000/09/xmldsig#"
NAMESPACES = [*PAIRS, f"{KITH}/felleskomponent1", KITH, DSIG, "urn:unknown", ""]
TEXTS = (
    "",
    " ",
    "x",
    "æ\n å",
    "true",
    "1",
    "0",
    "7",
    "-1",
    "3.5",
    "99999999999",
    "2024-02-30",
    "2024-02-29",
    "24:00:00",
)
TEXTS += (
    "2024-01-01T10:00:00+01:00",
    "2024-01-01T10:00:00",
    "2024",
    "2024-05",
    "1e3",
    "YQ==",
    "Y",
    "1.2.3",
    "1..2",
    "1.",
)
TEXTS += ("v1.2 2006-05-24", "tel:1", "a b c", "%zz", "01010112345", "889640782", "RES", "SM2013", "HP", "UNK")
ATTRIBUTES = (
    "V",
    "S",
    "DN",
    "OT",
    "Id",
    "ediLoggId",
    "tiltak",
    "bogus",
    f"{XSI}nil",
    f"{XSI}type",
    "Algorithm",
    "ebRole",
)

pytestmark = pytest.mark.skipif(not OFFICIAL.is_dir(), reason="the official schemas are not in ../shared/data")


def location(namespace: str, official: bool) -> Path:
    ours, theirs = PAIRS[namespace]
    return OFFICIAL / f"{theirs}.xsd" if official else OURS / f"{ours}.xsd"


def together(official: bool) -> str:
    imports = (f'<import namespace="{n}" schemaLocation="{location(n, official).as_uri()}"/>' for n in PAIRS)
    return '<schema xmlns="http://www.w3.org/2001/XMLSchema">' + "".join(imports) + "</schema>"


@cache
def validators() -> tuple[etree.XMLSchema, etree.XMLSchema]:
    ours, official = (etree.XMLSchema(etree.fromstring(together(kind))) for kind in (False, True))
    return ours, official


def verdicts(element: etree._Element) -> tuple[bool, bool]:
    """What ours and the official one say of this element as a document of its own."""
    document = etree.fromstring(etree.tostring(element, with_tail=False, encoding="UTF-8"))
    ours, official = validators()
    return ours.validate(document), official.validate(document)


@cache
def samples() -> dict[str, list[etree._Element]]:
    """Every message and every payload inside one by namespace, with long attachments cut short."""
    found: dict[str, list[etree._Element]] = {}
    for file in sorted(DATA.rglob("*.xml")):
        try:
            tree = etree.parse(file, etree.XMLParser(resolve_entities=False, huge_tree=True))
        except etree.XMLSyntaxError:
            continue
        for element in tree.iter(f"{{{KITH}/base64container}}*", f"{{{DSIG}}}X509Certificate"):
            element.text = (element.text or "").strip()[:64]
        for element in tree.iter(etree.Element):
            if starts_a_message(element):
                found.setdefault(etree.QName(element).namespace, []).append(element)
    found[EMPLOYER].append(mended(found[EMPLOYER][0]))
    return found


def mended(employer: etree._Element) -> etree._Element:
    """The only public copy lacks its last element."""
    whole = copy.deepcopy(employer)
    etree.SubElement(whole, "mottattidspunkt").text = "2024-01-01T10:00:00"
    return whole


def starts_a_message(element: etree._Element) -> bool:
    parent, namespace = element.getparent(), etree.QName(element).namespace
    return namespace in PAIRS and (parent is None or etree.QName(parent).namespace != namespace)


def any_sample(dice: random.Random) -> etree._Element:
    return dice.choice(samples()[dice.choice(sorted(samples()))])


class Generator:
    """Documents that a schema allows, drawn from its own particles."""

    def __init__(self, official: bool, dice: random.Random) -> None:
        schema = xmlschema.XMLSchema(together(official), base_url=str(ROOT))
        self.globals = [e for e in schema.maps.elements.values() if e.target_namespace in NAMESPACES]
        self.dice = dice
        self.everything = False

    def document(self) -> etree._Element:
        return self.element(self.dice.choice(self.globals), 0)

    def element(self, declared: XsdElement, depth: int) -> etree._Element:
        made = etree.Element(declared.name)
        kind = declared.type
        for name, attribute in kind.attributes.items() if kind.is_complex() else ():
            if name and (attribute.use == "required" or self.dice.random() < 0.5):
                made.set(name, self.text(attribute.type))
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
        return self.dice.choice([e for e in self.globals if not e.type.is_complex()] or self.globals)

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
        return kind.is_valid(text)
    except OverflowError:  # a year beyond what xmlschema can hold
        return False


class Mutator:
    """Small damage of every kind that a sender, a network or a bad program can do to a document."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.names = sorted({e.tag for each in samples().values() for s in each for e in s.iter(etree.Element)})

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
        namespace = self.dice.choice(NAMESPACES)
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
        donor = self.dice.choice(list(any_sample(self.dice).iter(etree.Element)))
        at.insert(self.dice.randint(0, len(at)), copy.deepcopy(donor))

    def stray(self, at: etree._Element) -> None:
        at.text = (at.text or "") + self.dice.choice(TEXTS)


def agree(documents: Iterator[etree._Element]) -> Counter[tuple[str, bool]]:
    """Compare on each document, and count the verdicts by namespace, so that a caller sees both kinds were met."""
    seen: Counter[tuple[str, bool]] = Counter()
    for number, document in enumerate(documents):
        ours, official = verdicts(document)
        assert ours == official, f"document {number}, {document.tag}: ours {ours}, official {official}"
        seen[etree.QName(document).namespace or "", official] += 1
    return seen


def changed(seed: int, count: int) -> Iterator[etree._Element]:
    dice = random.Random(seed)  # noqa: S311
    mutator = Mutator(dice)
    for _ in range(count):
        yield mutator.mutate(any_sample(dice))


def generated(seed: int, count: int, official: bool) -> Iterator[etree._Element]:
    dice = random.Random(seed)  # noqa: S311 - repeatable damage, not secrets
    generator, mutator = Generator(official, dice), Mutator(dice)
    for _ in range(count):
        document = generator.document()
        yield document
        yield mutator.mutate(document)


def single_faults(document: etree._Element) -> Iterator[etree._Element]:
    """The document with one thing wrong or merely different, at every place in turn."""
    for place, node in enumerate(document.iter(etree.Element)):
        leaf_texts = TEXTS if not len(node) else TEXTS[:3]
        yield from (altered(document, place, "text", text) for text in leaf_texts)
        yield from (altered(document, place, name, text) for name in node.attrib for text in (None, *TEXTS))
        yield altered(document, place, f"{XSI}nil", "true")
        yield altered(document, place, "bogus", "x")


def altered(document: etree._Element, place: int, what: str, text: str | None) -> etree._Element:
    copied = copy.deepcopy(document)
    node = next(itertools.islice(copied.iter(etree.Element), place, None))
    if what == "text":
        node.text = text
    elif text is None:
        del node.attrib[what]
    elif what == f"{XSI}nil":
        node.clear()
        node.set(what, text)
    else:
        node.set(what, text)
    return copied


def one_of_each(seed: int, count: int) -> Iterator[etree._Element]:
    """`count` generated documents for every element that may start one, and whole ones of the two that we write."""
    generator = Generator(True, random.Random(seed))  # noqa: S311
    for declared in generator.globals * count:
        yield generator.element(declared, 0)
    generator.everything = True
    ours_to_write = [
        e for e in generator.globals if e.local_name in {"HelseOpplysningerArbeidsuforhet", "sykmeldingArbeidsgiver"}
    ]
    for declared in ours_to_write * count:
        yield generator.element(declared, 0)


def met_both_verdicts(seen: Counter[tuple[str, bool]], namespaces: list[str]) -> None:
    assert [n for n in namespaces if not (seen[n, True] and seen[n, False])] == []


def test_every_real_message_and_payload_gets_the_official_verdict():
    seen = agree(itertools.chain(*samples().values()))
    assert sum(seen.values()) > 100
    met_both_verdicts(seen, [n for n in PAIRS if "msghead" in n or "Arbeidsuforhet" in n])


@pytest.mark.parametrize("seed", range(4))
def test_changed_real_messages_get_the_official_verdict(seed: int):
    met_both_verdicts(agree(changed(seed, 4000)), [f"{KITH}/msghead/2006-05-24", EMPLOYER, f"{KITH}/apprec/2004-11-21"])


@pytest.mark.parametrize("official", [True, False], ids=["by-the-official-schema", "by-ours"])
def test_documents_generated_from_a_schema_get_the_official_verdict(official: bool):
    met_both_verdicts(agree(generated(7, 8000, official)), list(PAIRS))


def test_a_single_fault_at_any_place_gets_the_official_verdict():
    agree(fault for document in one_of_each(3, 3) for fault in single_faults(document))


@pytest.mark.fuzz
@pytest.mark.parametrize("seed", range(100, 140))
def test_many_more_documents_get_the_official_verdict(seed: int):
    agree(changed(seed, 20000))
    agree(generated(seed, 10000, official=seed % 2 == 0))
    agree(fault for document in one_of_each(seed, 3) for fault in single_faults(document))
