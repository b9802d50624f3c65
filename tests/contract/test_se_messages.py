"""What Försäkringskassan and care units write to each other: read or refused as the national XSD decides, and back."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from adapters.xml.document import read
from gateway import flow
from gateway.core.message import Parsed
from gateway.core.ports import Format
from gateway.edge import soap
from gateway.edge.library import default_folder
from gateway.wiring.formats import installed

DATA = Path(__file__).parents[2] / "../shared/data/se"
SERVICES = DATA / "xsd/tree/rivta/clinicalprocess-healthcond-certificate/schemas/interactions"
KINDS = {
    "se-fk-question": "SendMessageToCareInteraction/SendMessageToCareResponder_2.0.xsd",
    "se-fk-letter": "SendMessageToRecipientInteraction/SendMessageToRecipientResponder_2.1.xsd",
    "se-fk-revocation": "RevokeCertificateInteraction/RevokeCertificateResponder_2.1.xsd",
}
SAMPLES = {
    "it__SendMessageToCareTest__sendmessagetocare.xml": "se-fk-question",
    "it__SendMessageToRecipientTest__sendmessagetorecipientv2.xml": "se-fk-letter",
    "ag114__Ag114ModuleApiTest__revokerequest.xml": "se-fk-revocation",
    "ag7804__resources__revokerequest.xml": "se-fk-revocation",
}

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="Inera's schemas are not in ../shared/data")


def known() -> Mapping[str, Format]:
    return installed()[1]


@cache
def national(kind: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(SERVICES / KINDS[kind]))


def parsed(kind: str, raw: bytes) -> Parsed:
    source = known()[kind].parse
    assert source is not None
    return source(raw, report=True)


def examples() -> list[tuple[str, Path]]:
    folder = default_folder() / "se"
    return [(kind, file) for kind in KINDS for file in sorted((folder / kind[3:] / "examples").glob("*.in.xml"))]


@pytest.mark.parametrize(("name", "kind"), SAMPLES.items())
def test_ineras_own_messages_are_read_or_refused_as_the_national_schema_decides(name: str, kind: str) -> None:
    raw = (DATA / name).read_bytes()
    assert parsed(kind, raw).acceptable == national(kind).validate(read(raw))


@pytest.mark.parametrize(("kind", "file"), examples(), ids=lambda one: getattr(one, "stem", one))
def test_what_we_write_is_valid_comes_back_the_same_and_goes_through_fhir(kind: str, file: Path) -> None:
    first = parsed(kind, file.read_bytes())
    assert len(first.rows) == first.leaves
    body = flow.convert(first, known()[kind]).rendered.body
    assert national(kind).validate(etree.fromstring(body)), national(kind).error_log
    assert parsed(kind, soap.close(body, "SE2321000990-A1B2")).record == first.record
    bundle = flow.convert(Parsed(first.record), known()["fhir"]).rendered.body
    assert flow.parse(known()["fhir"], bundle).record == first.record


@pytest.mark.parametrize("kind", KINDS)
def test_every_element_that_the_national_schema_demands_is_demanded(kind: str) -> None:
    raw = next(file for one, file in examples() if one == kind).read_bytes()
    for number in range(len([*read(raw).iter("*")])):
        root = read(raw)
        element = [*root.iter("*")][number]
        if (parent := element.getparent()) is not None:
            parent.remove(element)
            changed = etree.tostring(root)
            assert not (parsed(kind, changed).acceptable and not national(kind).validate(read(changed))), element.tag
            assert parsed(kind, changed).acceptable == national(kind).validate(read(changed)), element.tag


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("issues", [0, 1])
def test_the_answer_to_a_call_is_valid(kind: str, issues: int) -> None:
    raw = next(file for one, file in examples() if one == kind).read_bytes()
    told = soap.answer(soap.close(raw, "SE2321000990-A1B2"), (flow.Issue("value", "", "wrong"),) * issues)
    body = etree.fromstring(told).find(f"{{{soap.SOAP}}}Body")
    assert body is not None
    assert national(kind).validate(etree.fromstring(etree.tostring(body[0]))), national(kind).error_log
    assert (soap.failure(told) is None) == (issues == 0)
