"""What deciding costs: a whole message with every field, beside one decision of Cedar's about one class."""

import json
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from gateway.bench import Ratio
from gateway.core.message import Route
from gateway.core.vocabulary import MessageKind, Purpose, Role
from gateway.edge.library import default_folder
from gateway.model import (
    Address,
    Answer,
    AnswerGroup,
    Certifier,
    Coding,
    Contact,
    Diagnosis,
    Employment,
    Function,
    Graded,
    HumanName,
    Identifier,
    Measures,
    MedicalReason,
    NavNote,
    NotPossible,
    Patient,
    Period,
    Prognosis,
    SickLeaveCertificate,
    Telecom,
    WorkplaceReason,
)
from gateway.policy import cedar
from gateway.policy.facts import Facts
from gateway.policy.load import load
from gateway.policy.pdp import decide
from gateway.policy.rules import UNKNOWN, compile_table

TO_NAV = Route(Role.CERTIFIER, Role.NAV, MessageKind.SYKMELDING, Purpose.BENEFIT)
TO_EMPLOYER = Route(Role.CERTIFIER, Role.EMPLOYER, MessageKind.SYKMELDING, Purpose.SICK_LEAVE_FOLLOW_UP)
FACTS = Facts({"patient-act": "true", "consent": "none", "address-grading": "none", "officer-cleared": "false"})


def run(policy_dir: Path | None = None) -> list[Ratio]:
    """Time deciding a 60-field sick note towards NAV, and towards an employer with its free text screened.

    The reference is one Cedar decision with policies, schema and entities read beforehand. Gives nothing when cedarpy
    (a development dependency) is not installed: there is nothing to compare with.
    """
    policy_dir = policy_dir or default_folder() / "policy"
    reference = _cedar(policy_dir)
    if reference is None:
        return []
    table = compile_table(load(policy_dir), datetime.now(UTC).date())
    record = certificate()
    cost = _seconds(reference)
    return [
        Ratio("decide a 60-field sick note to NAV", _seconds(partial(decide, table, TO_NAV, FACTS, record)), cost, 1.0),
        Ratio(
            "decide and screen a 60-field sick note to an employer",
            _seconds(partial(decide, table, TO_EMPLOYER, FACTS, record)),
            cost,
        ),
    ]


def _cedar(policy_dir: Path) -> Callable[[], Any] | None:
    try:
        import cedarpy  # noqa: PLC0415 (a development dependency, needed only for the comparison)
    except ImportError:
        return None
    rules, facts = ((policy_dir / name).read_text(encoding="utf-8") for name in ("rules.yaml", "facts.yaml"))
    policies = cedarpy.PolicySet.from_str(cedar.policies(rules))
    schema = cedarpy.Schema.from_json_str(json.dumps(cedar.schema(facts)))
    entities = cedarpy.Entities.from_json_str("[]")
    cell = {"message": "sykmelding", "from": "certifier", "to": "nav", "purpose": "benefit", "class": "absence"}
    known = {name: FACTS.message.get(name, UNKNOWN) for name in cedar.facts(facts)}
    return partial(cedarpy.is_authorized, cedar.request(cell | known), policies, entities, schema)


def _seconds(operation: Callable[[], Any], rounds: int = 9, times: int = 100) -> float:
    """Give the seconds of one operation: the best of several rounds, which other work disturbs least."""
    best = float("inf")
    for _ in range(rounds):
        began = time.perf_counter()
        for _ in range(times):
            operation()
        best = min(best, time.perf_counter() - began)
    return best / times


def certificate() -> SickLeaveCertificate:
    """Give a sick note with 60 populated leaves."""
    return SickLeaveCertificate(
        id="m",
        sent_at=datetime(2026, 11, 24, tzinfo=UTC),
        episode_start=date(2026, 11, 20),
        patient=Patient(
            name=HumanName(family="Prøvesen", given="Prøve"),
            id=Identifier(kind="national-number", value="-"),
            address=Address(street="Testveien 1", postal_code="0000", city="Testby"),
            telecoms=(Telecom(use="mobile", value="tel:00000000"),),
        ),
        employment=Employment(has_employer="one", employer_name="Bedrift", occupation="Snekker", percentage=100),
        diagnosis=Diagnosis(
            main=Coding(code="L03", system="icpc-2", display="tekst", text="tekst"),
            others=(Coding(code="L84", system="icpc-2", display="tekst", text="tekst"),),
        ),
        periods=(
            Period(
                start=date(2026, 11, 20),
                end=date(2026, 11, 30),
                kind=NotPossible(
                    medical=MedicalReason(codes=("condition-prevents",), text="tekst"),
                    workplace=WorkplaceReason(codes=("lacking-adaptation",), text="Mangler hev- og senkbart bord"),
                ),
            ),
            Period(start=date(2026, 12, 1), end=date(2026, 12, 10), kind=Graded(degree=50, travel=False)),
        ),
        prognosis=Prognosis(fit_after=True, considerations="Kortere dager i en periode på fire uker"),
        answers=(
            AnswerGroup(
                id="6.2",
                title="Uke 7",
                answers=tuple(
                    Answer(id=f"6.2.{i}", question="Spørsmål", text="Svar", restrictions=("employer",))
                    for i in range(3)
                ),
            ),
        ),
        function=Function(abilities="Kan sitte", limitations="Kan ikke løfte over ti kilo"),
        measures=Measures(workplace="Ny stol", nav="tekst", other="tekst"),
        nav_note=NavNote(urgent=True, text="tekst"),
        message_to_employer="Ring gjerne om tilrettelegging",
        contact=Contact(treated_at=datetime(2026, 11, 20, tzinfo=UTC)),
        certifier=Certifier(
            name=HumanName(family="Legesen", given="Lege"),
            identifiers=(Identifier(kind="hpr", value="-"),),
            telecoms=(Telecom(use="work", value="tel:11111111"),),
        ),
    )
