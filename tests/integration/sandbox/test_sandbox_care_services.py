"""Blocks and consents as facts: asked of a sandbox over mutual TLS, and decided upon by the rules in force."""

import asyncio
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway import flow
from gateway.core.decision import Decision, Effect
from gateway.core.message import Route
from gateway.core.vocabulary import MessageKind, Purpose, Role
from gateway.demo_sweden import PARTIES, PERSON
from gateway.edge.care_services import Reader
from gateway.edge.library import default_folder
from gateway.model.intyg import Intyg
from gateway.sandbox.care_services import SandboxCareServices
from gateway.sandbox.installation import OpenAddresses, settings_for
from gateway.wiring.gateway import Gateway, Outside

ADDRESS = "SE165565594230-1000"
READER = Reader("patient-service", "SE2321000990-E1", "SE2321000990-I1", "SE2321000990-V2", treats=True)
ROUTE = Route(Role.CERTIFIER, Role.CAREGIVER, MessageKind.CARE_RECORD, Purpose.TREATMENT)


def decided(
    folder: Path, prepare: Callable[[SandboxCareServices], object], reader: Reader = READER
) -> tuple[Decision, list[bytes], list[MutableMapping[str, Any]]]:
    async def whole() -> tuple[Decision, list[bytes], list[MutableMapping[str, Any]]]:
        settings = settings_for(folder).model_copy(update={"parties": PARTIES})
        async with SandboxCareServices(settings.certificates) as services:
            prepare(services)
            at = {"block_service": services.url, "consent_service": services.url, "care_services_address": ADDRESS}
            gateway = Gateway(settings.model_copy(update=at), Outside({}, OpenAddresses()))
            raw = (default_folder() / "fhir/fk7804/examples/01-two-degrees.in.json").read_bytes()
            record = flow.parse(gateway.formats["fhir"], raw).record
            assert isinstance(record, Intyg)
            patient = gateway.vault.mac("patient", PERSON)
            with capture_logs() as logged:
                [facts] = await asyncio.to_thread(gateway.gather.treating, [record], patient, reader)
            rules = gateway.rulebook.of(ROUTE)
            await gateway.aclose()
            return flow.decide(rules.table, ROUTE, facts, record), [one.body for one in services.received], logged

    return asyncio.run(whole())


def permitted(decision: Decision) -> set[str]:
    return {one.data_class for one in decision.classes if one.effect is Effect.PERMIT}


def agreed(services: SandboxCareServices) -> None:
    services.consents[PERSON] = "Consent"


def test_care_may_read_where_the_patient_agrees_and_nothing_is_blocked(tmp_path: Path) -> None:
    decision, calls, _ = decided(tmp_path, agreed)
    assert {"diagnosis", "absence"} <= permitted(decision)
    assert len(calls) == 2
    assert all(ADDRESS.encode() in call for call in calls)


def blocked(services: SandboxCareServices) -> None:
    agreed(services)
    services.blocked.add(PERSON)


def away(services: SandboxCareServices) -> None:
    agreed(services)
    services.away = True


def emergency(services: SandboxCareServices) -> None:
    services.consents[PERSON] = "Emergency"


@pytest.mark.parametrize("prepare", [blocked, away, emergency, lambda _: None])
def test_a_block_no_consent_and_services_that_are_away_all_refuse_and_no_log_has_a_number(
    tmp_path: Path, prepare: Callable[[SandboxCareServices], object]
) -> None:
    decision, _, logged = decided(tmp_path, prepare)
    assert not decision.permitted
    assert PERSON not in str(logged)
    assert READER.employee not in str(logged)
    assert PERSON not in repr(READER) + str(decision)
    if prepare is away:
        assert [line["event"] for line in logged if "call" in line] == ["care-service-away"]
