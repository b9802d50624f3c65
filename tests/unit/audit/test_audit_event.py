"""Entries as FHIR AuditEvents: valid R4, of the profile that each names, without what its reader may not see."""

import json

import pytest
from fhir.resources.R4B.auditevent import AuditEvent
from fhir.resources.R4B.bundle import Bundle

from adapters.fhir import codec
from adapters.fhir.audit_event import (
    CONSENT_PROFILE,
    PROFILE,
    SOURCE_PROFILE,
    Placed,
    Shown,
    Who,
    audit_event,
    search_bundle,
)
from gateway.core.audit import AuditAction, AuditEntry, Disclosure, Outcome
from gateway.policy.consent import purpose_coding

PARTIES = {"nav": Who("nav", "NAV", "https://nav.example/messages"), "ehr": Who("ehr", "An EHR")}
OFFICER = Shown("https://gateway.example", purpose_coding, PARTIES)
PATIENT = Shown("https://gateway.example", purpose_coding, PARTIES, own=True)
WHY = Disclosure(
    policy="policy-version",
    permitted=("rule-that-permits",),
    forbade=("rule-that-forbids",),
    obligations=("an-obligation",),
    withheld=("diagnosis.main.code",),
    basis=("a-statute",),
)


def entry(action, **more):
    members = {
        "actor": "gateway",
        "recipient": "nav",
        "patient": "a" * 32,
        "message": "m1",
        "purpose": "benefit",
        "reason": "reason-code",
        "person": "b" * 32,
        "digest": "c" * 32,
    }
    return AuditEntry(id="e1", recorded_at=1_790_000_000.25, action=action, **(members | more))


def codings(concepts):
    return {(coding["system"], coding["code"]) for one in concepts for coding in one["type"].get("coding", ())}


def agents(event):
    return {one["type"]["coding"][0]["code"]: one for one in event["agent"]}


@pytest.mark.parametrize("shown", [OFFICER, PATIENT], ids=["officer", "patient"])
@pytest.mark.parametrize("bare", [True, False], ids=["bare", "full"])
@pytest.mark.parametrize("action", AuditAction)
def test_every_entry_is_a_valid_audit_event(action, bare, shown):
    full = entry(action, disclosure=WHY)
    least = AuditEntry(id="e1", recorded_at=0.0, action=action, actor="gateway")
    event = audit_event(least if bare else full, shown, Placed(7, b"\x01" * 32))
    AuditEvent.model_validate(event)
    assert event["recorded"].endswith("+00:00")
    decoded = codec.decode(json.dumps(event).encode())
    assert [issue for issue in decoded.issues if "entry" not in issue.what.lower()] == []


def test_a_disclosure_is_as_balp_privacy_disclosure_source_has_it():
    event = audit_event(entry(AuditAction.DISCLOSED), OFFICER)
    assert event["meta"]["profile"] == [SOURCE_PROFILE]
    assert event["type"]["code"] == "110106"
    assert event["action"] == "R"
    assert "disclose" in {one["code"] for one in event["subtype"]}
    source, recipient = agents(event)["110153"], agents(event)["110152"]
    assert source["who"] == event["source"]["observer"]
    assert source["network"]["address"] == "https://gateway.example"
    assert recipient["network"]["address"] == "https://nav.example/messages"
    assert recipient["who"]["identifier"]["value"] == "nav"
    patient, data = event["entity"]
    assert (patient["type"]["code"], patient["role"]["code"], patient["what"]["type"]) == ("1", "1", "Patient")
    assert data["what"]["identifier"]["value"] == "m1"


def test_a_decision_by_consent_is_as_balp_authz_consent_has_it():
    event = audit_event(entry(AuditAction.DECIDED, disclosure=Disclosure(consents=("c1/2", "c2/1"))), OFFICER)
    assert event["meta"]["profile"] == [CONSENT_PROFILE]
    assert (event["type"]["code"], event["action"]) == ("110113", "E")
    assert "AuthZ-Consent" in {one["code"] for one in event["subtype"]}
    by_type = agents(event)
    assert set(by_type) == {"110150", "IRCP", "PROV", "authserver"}
    assert by_type["authserver"]["who"] == event["source"]["observer"]
    assert "network" in by_type["110150"]
    assert "network" not in by_type["IRCP"]
    assert [by_type[kind]["requestor"] for kind in ("IRCP", "PROV", "authserver")] == [True, False, False]
    assert [one["type"]["code"] for one in event["entity"]] == ["1", "Consent", "Consent"]  # the slicing is closed


def test_a_decision_without_a_consent_is_of_our_own_profile():
    event = audit_event(entry(AuditAction.DECIDED, outcome=Outcome.DENIED, disclosure=WHY), OFFICER)
    assert event["meta"]["profile"] == [PROFILE]
    assert "AuthZ-Role" in {one["code"] for one in event["subtype"]}
    assert event["outcome"] == "4"


@pytest.mark.parametrize("action", [AuditAction.LOG_READ, AuditAction.LOG_EXPORT])
def test_use_of_the_log_is_audit_log_used(action):
    event = audit_event(entry(action, actor="officer", sought=("patient", "since")), OFFICER)
    assert event["type"]["code"] == "110101"
    details = [one["valueString"] for one in event["entity"][-1]["detail"] if one["type"] == "sought"]
    assert details == ["patient", "since"]


def test_the_officer_sees_every_rule_and_the_place_in_the_log():
    text = json.dumps(audit_event(entry(AuditAction.DECIDED, disclosure=WHY), OFFICER, Placed(7, b"\x01" * 32)))
    for word in ("rule-that-permits", "rule-that-forbids", "an-obligation", "policy-version", "reason-code", "01" * 32):
        assert word in text


@pytest.mark.parametrize("action", AuditAction)
def test_the_patient_sees_no_rule_no_staff_and_no_code_that_staff_typed(action):
    shown = audit_event(entry(action, actor="operator:kari", disclosure=WHY), PATIENT, Placed(7, b"\x01" * 32))
    text = json.dumps(shown)
    hidden = ("rule-that", "an-obligation", "policy-version", "reason-code", "kari", "b" * 32, "c" * 32, "log-index")
    assert not [word for word in hidden if word in text]
    assert "diagnosis.main.code" in text
    assert "a-statute" in text


def test_a_page_says_no_total():
    event = audit_event(entry(AuditAction.DISCLOSED), PATIENT)
    page = search_bundle([event], "https://gateway.example/fhir", {"self": "https://gateway.example/fhir/AuditEvent"})
    Bundle.model_validate(page)
    assert "total" not in page
