"""Our own NAV schemas give the official ones' verdict, on real messages, on changed ones and on generated ones."""

import copy
import itertools
import random
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import xmlschema
from long_runs import times
from lxml import etree
from schema_documents import Generator, Mutator, single_faults

ROOT = Path(__file__).parents[2]
OURS = ROOT / "mappings/schema/nav"
DATA = ROOT.parent / "shared/data/nav"
OFFICIAL = DATA / "xsd/syfo-xml-codegen"
KITH = "http://www.kith.no/xmlstds"
PLAN = "http://seres.no/xsd/NAV/Oppfoelgingsplan4_utfyllende_info_M/2016"
CLAIM = "http://nav.no/melding/virksomhet/sykepengesoeknadArbeidsgiver/v1/sykepengesoeknadArbeidsgiver"
INCOME = "http://seres.no/xsd/NAV/Inntektsmelding_M/20181211"
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
    PLAN: ("oppfolgingsplan", "oppfolgingsplan/Oppfolgingsplan201607_2"),
    INCOME: (
        "inntektsmelding",
        "../tjenestespesifikasjoner/nav-altinn-inntektsmelding/Inntektsmelding20181211",
    ),
    CLAIM: (
        "sykepengesoknad",
        "../tjenestespesifikasjoner/digisyfo-sykepengesoeknadarbeidsgiver/sykepengesoeknadarbeidsgiver",
    ),
}
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
DSIG = "http://www.w3.org/2000/09/xmldsig#"
NAMESPACES = [*PAIRS, f"{KITH}/felleskomponent1", KITH, DSIG, "urn:unknown", ""]
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


@cache
def typed(official: bool) -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(together(official), base_url=str(ROOT))


def verdicts(element: etree._Element) -> tuple[bool, bool]:
    """What ours and the official one say of this element as a document of its own."""
    document = element if element.getparent() is None else copy.deepcopy(element)
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
    mutator = Mutator(samples(), NAMESPACES, dice)
    for _ in range(count):
        yield mutator.mutate(mutator.sample())


def generated(seed: int, count: int, official: bool) -> Iterator[etree._Element]:
    dice = random.Random(seed)  # noqa: S311 - repeatable damage, not secrets
    generator, mutator = Generator(typed(official), NAMESPACES, dice), Mutator(samples(), NAMESPACES, dice)
    for _ in range(count):
        document = generator.document()
        yield document
        yield mutator.mutate(document)


def one_of_each(seed: int, count: int) -> Iterator[etree._Element]:
    """`count` generated documents for every element that may start one, and twice as many whole ones of some.

    Whole ones have every optional part: of the two messages that we write, and of signatures.
    """
    generator = Generator(typed(official=True), NAMESPACES, random.Random(seed))  # noqa: S311
    for declared in generator.globals * count:
        yield generator.element(declared, 0)
    generator.everything = True
    written = {"HelseOpplysningerArbeidsuforhet", "sykmeldingArbeidsgiver"}
    whole = [e for e in generator.globals if e.local_name in written or e.target_namespace == DSIG]
    for declared in whole * count * 2:
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
    met_both_verdicts(agree(generated(7, 5000, official)), list(PAIRS))


def test_a_single_fault_at_any_place_gets_the_official_verdict():
    agree(fault for document in one_of_each(3, 2) for fault in single_faults(document))


@pytest.mark.parametrize(
    ("file", "good", "bad"),
    [
        ("sykmelding.xsd", 'name="Stillingsprosent" type="xs:int"', 'name="Stillingsprosent" type="xs:string"'),
        ("sykmelding.xsd", ' nillable="true"', ""),
        ("employer.xsd", 'name="mellomnavn" type="xs:string" minOccurs="0"', 'name="mellomnavn" type="xs:string"'),
        ("xmldsig.xsd", 'processContents="lax"', ""),
    ],
)
def test_a_planted_difference_is_noticed(file, good, bad, tmp_path, monkeypatch):
    shutil.copytree(OURS, tmp_path / "nav")
    text = (tmp_path / "nav" / file).read_text(encoding="utf-8")
    assert good in text
    (tmp_path / "nav" / file).write_text(text.replace(good, bad, 1), encoding="utf-8")
    official = validators()[1]
    monkeypatch.setattr(sys.modules[__name__], "OURS", tmp_path / "nav")
    planted = etree.XMLSchema(etree.fromstring(together(official=False)))
    monkeypatch.setattr(sys.modules[__name__], "validators", lambda: (planted, official))
    with pytest.raises(AssertionError, match="ours"):
        agree(fault for document in one_of_each(3, 2) for fault in single_faults(document))


@pytest.mark.fuzz
@pytest.mark.parametrize("seed", range(100, 104))
def test_many_more_documents_get_the_official_verdict(seed: int):
    agree(changed(seed, times(200)))
    agree(generated(seed, times(100), official=seed % 2 == 0))
    agree(fault for document in one_of_each(seed, 3) for fault in single_faults(document))
