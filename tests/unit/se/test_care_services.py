"""Blocks and consents: the calls that are written, and what each answer says; whatever is not clear says nothing."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from lxml import etree

from gateway import flow
from gateway.core.errors import ConfigurationError
from gateway.edge.care_services import (
    BLOCKING,
    CHECK_BLOCKS,
    CHECK_CONSENT,
    CONSENT,
    CareServices,
    Reader,
    blocks_in,
    check_blocks,
    check_consent,
    consent_in,
)
from gateway.edge.library import default_folder
from gateway.edge.pdl_log import PdlLog, Told, store_log
from gateway.edge.riv_calls import Calls
from gateway.model.intyg import CareUnit, Insured, Intyg
from gateway.wiring.formats import installed

RIVTA = Path(__file__).parents[3] / "../shared/data/se/xsd/tree/rivta"
DONE = "<c:result><c:resultCode>OK</c:resultCode></c:result>"
READER = Reader("clinic", "SE2321000990-E1", "SE2321000990-A1B2", "SE2321000990-V1", treats=True)


def certificate() -> Intyg:
    raw = (default_folder() / "fhir/fk7804/examples/01-two-degrees.in.json").read_bytes()
    record = flow.parse(installed()[1]["fhir"], raw).record
    assert isinstance(record, Intyg)
    return record


def blocks(inner: str) -> bytes:
    result = f"<r:checkBlocksResult>{inner}</r:checkBlocksResult>"
    text = f'<r:CheckBlocksResponse xmlns:r="{CHECK_BLOCKS}" xmlns:c="{BLOCKING}">{result}</r:CheckBlocksResponse>'
    return text.encode()


def row(status: str, number: str = "1") -> str:
    return f"<c:checkResults><c:status>{status}</c:status><c:rowNumber>{number}</c:rowNumber></c:checkResults>"


def consent(inner: str) -> bytes:
    text = (
        f'<r:CheckConsentResponse xmlns:r="{CHECK_CONSENT}" xmlns:c="{CONSENT}"><r:checkResult>{inner}'
        "</r:checkResult></r:CheckConsentResponse>"
    )
    return text.encode()


def has(said: str, kind: str = "") -> str:
    of = f"<c:assertionType>{kind}</c:assertionType>" if kind else ""
    return f"{DONE}<c:hasConsent>{said}</c:hasConsent>{of}"


@pytest.mark.parametrize(
    ("answer", "fact"),
    [
        (blocks(DONE + row("OK")), "none"),
        (blocks(DONE + row("BLOCKED")), "active"),
        (blocks(DONE + row("OK") + row("BLOCKED", "2")), None),
        (blocks(DONE + row("VALIDATIONERROR")), None),
        (blocks(DONE + row("OK", "2")), None),
        (blocks(DONE + row("OK") + row("OK")), None),
        (blocks(DONE + row("OK") + row("BLOCKED")), "active"),
        (blocks(DONE + row("OK") + row("OK", "2")), "none"),
        (blocks(DONE + row("ok")), None),
        (blocks(DONE), None),
        (blocks(row("OK")), None),
        (blocks(DONE.replace("OK", "ERROR") + row("OK")), None),
        (blocks(DONE + row("OK")).replace(b"CheckBlocksResponse", b"CheckBlocks"), None),
        (blocks(DONE + row("OK")).replace(CHECK_BLOCKS.encode(), b"urn:x"), None),
        (b"<!DOCTYPE a []>" + blocks(DONE + row("OK")), None),
        (b"no XML", None),
    ],
)
def test_nothing_is_blocked_only_where_the_very_row_is_said_to_be_ok(answer: bytes, fact: str | None) -> None:
    assert blocks_in(answer, 1) == [fact]


def test_each_row_is_its_certificates_and_one_that_is_not_answered_is_not_known() -> None:
    assert blocks_in(blocks(DONE + row("BLOCKED", "2") + row("OK")), 3) == ["none", "active", None]


@pytest.mark.parametrize(
    ("answer", "fact"),
    [
        (consent(has("true", "Consent")), "permit"),
        (consent(has("1", "Consent")), "permit"),
        (consent(has("true", "Emergency")), "none"),
        (consent(has("false")), "none"),
        (consent(has("true")), None),
        (consent(has("true", "Other")), None),
        (consent(has("yes", "Consent")), None),
        (consent(has("true", "Consent") + has("false")), None),
        (consent(has("true", "Consent").replace(">OK<", ">ERROR<")), None),
        (blocks(DONE + row("OK")), None),
        (b"", None),
    ],
)
def test_only_a_consent_permits_and_an_emergency_is_none(answer: bytes, fact: str | None) -> None:
    assert consent_in(answer) == fact


@pytest.mark.skipif(not RIVTA.exists(), reason="the published service contracts are not here")
def test_both_calls_are_valid_by_the_published_contracts() -> None:
    record = certificate()
    for call, path in (
        (
            check_blocks([record, record], READER),
            "blocking/schemas/interactions/CheckBlocksInteraction/CheckBlocksResponder_4.0",
        ),
        (
            check_consent(record.patient, READER),
            "consent/schemas/interactions/CheckConsentInteraction/CheckConsentResponder_2.0",
        ),
    ):
        file = RIVTA / f"informationsecurity-authorization-{path}.xsd"
        assert file.exists(), file
        assert call is not None
        etree.XMLSchema(etree.parse(file)).assertValid(etree.fromstring(call))


def test_the_whole_time_that_a_certificate_speaks_of_is_asked_about() -> None:
    call: Any = check_blocks([certificate()], READER)
    root = etree.fromstring(call)
    told = [root.findtext(f".//{{*}}information{one}Date") for one in ("Start", "End")]
    assert told == ["2026-09-30T00:00:00", "2026-11-30T23:59:59"]


@pytest.mark.parametrize("patient", [Insured(), Insured(number="191212121212", number_kind="other")])
def test_nobody_is_asked_about_a_patient_without_a_swedish_number_or_a_unit_without_a_name(patient: Insured) -> None:
    record = certificate()
    assert check_consent(patient, READER) is None
    assert check_blocks([replace(record, patient=patient)], READER) is None
    assert check_blocks([replace(record, sender=None)], READER) is None


def test_services_are_called_over_https_at_an_address_by_a_system_with_an_hsa_id() -> None:
    with httpx.Client() as client:
        calls = Calls(client, "SE1")
        for wrong in (
            lambda: Calls(client, ""),
            lambda: CareServices(calls, "http://x.example", ""),
            lambda: PdlLog(calls, "http://x.example", "SE2321000990-SYS1"),
            lambda: PdlLog(calls, "https://x.example", ""),
        ):
            with pytest.raises(ConfigurationError):
                wrong()


@pytest.mark.skipif(not RIVTA.exists(), reason="the published service contracts are not here")
def test_what_the_log_service_is_told_is_valid_by_its_published_contract() -> None:
    record = certificate()
    entry = "0193a5b0c1d2" + "ab" * 10
    told = Told(entry, record.patient, record.sender or CareUnit(), READER)
    call = etree.fromstring(store_log([told, told], "SE2321000990-SYS1", datetime(2026, 7, 1, 23, 30, tzinfo=UTC)))
    file = RIVTA / "informationsecurity-auditing-log/schemas/interactions/StoreLogInteraction/StoreLogResponder_2.0.xsd"
    etree.XMLSchema(etree.parse(file)).assertValid(call)
    assert call.findtext(".//{*}logId", "").replace("-", "") == entry
    assert call.findtext(".//{*}startDate") == "2026-07-02T01:30:00"


def test_the_calls_hold_the_number_who_reads_when_and_where_and_nothing_else() -> None:
    record = certificate()
    told = Told("ab" * 16, record.patient, record.sender or CareUnit(), READER)
    asked = [check_blocks([record], READER), check_consent(record.patient, READER)]
    calls = [*asked, store_log([told], "SE2321000990-SYS1", datetime(2026, 7, 1, tzinfo=UTC))]
    unit = record.sender or CareUnit()
    named = {record.patient.number, unit.hsa, unit.provider_hsa, READER.employee, READER.unit, READER.provider}
    named |= {"1.2.752.129.2.1.3.1", "SE2321000990-SYS1", "Läsa", "Vård och behandling", "Intyg", "1"}
    named |= {"2026-09-30T00:00:00", "2026-11-30T23:59:59", "2026-07-01T02:00:00", str(UUID("ab" * 16))}
    for call in calls:
        said = {one.text for one in etree.fromstring(call or b"").iter() if one.text}
        assert said <= named, said - named
