"""What the tests of the rules share: the rules themselves, routes, facts as gather would find them, a full record."""

from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

from gateway.core.message import Route
from gateway.core.vocabulary import MessageKind, Purpose, Role
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
    InWork,
    Measures,
    MedicalReason,
    NavNote,
    NotPossible,
    Patient,
    Period,
    Prognosis,
    Receiver,
    Sender,
    SickLeaveCertificate,
    System,
    Telecom,
    WorkplaceReason,
)
from gateway.policy.facts import Facts
from gateway.policy.load import load
from gateway.policy.rules import RuleSet, Table, compile_table

ROOT = Path(__file__).parents[3]
POLICY = ROOT / "mappings" / "policy"
SHARED = ROOT / ".." / "shared" / "data"

TO_NAV = Route(Role.CERTIFIER, Role.NAV, MessageKind.SYKMELDING, Purpose.BENEFIT)
TO_PATIENT = Route(Role.CERTIFIER, Role.PATIENT, MessageKind.SYKMELDING, Purpose.OWN_ACCESS)
TO_EMPLOYER = Route(Role.CERTIFIER, Role.EMPLOYER, MessageKind.SYKMELDING, Purpose.SICK_LEAVE_FOLLOW_UP)
TO_PAYROLL = Route(Role.CERTIFIER, Role.EMPLOYER, MessageKind.SYKMELDING, Purpose.PAY)

AFTER_THE_ACT = {
    "patient-act": "true",
    "consent": "none",
    "address-grading": "none",
    "officer-cleared": "false",
    "sender-discloses": "false",
}


@cache
def rules() -> RuleSet:
    return load(POLICY)


@cache
def table() -> Table:
    return compile_table(rules(), date(2026, 11, 24))


def facts(**others: str) -> Facts:
    """Facts after the patient's act, with some of them other."""
    return Facts({**AFTER_THE_ACT, **{name.replace("_", "-"): value for name, value in others.items()}})


def answer(number: int, text: str, *restrictions: str) -> Answer:
    return Answer(id=f"6.2.{number}", question="Spørsmål", text=text, restrictions=restrictions)


def certificate() -> SickLeaveCertificate:
    """A sick note with something in every class an employer must not have, and much that he may have."""
    return SickLeaveCertificate(
        id="c0ffee00-0000-4000-8000-000000000001",
        sent_at=datetime(2026, 11, 24, 8, 30, tzinfo=UTC),
        sender=Sender(name="Fjordgløtt legesenter", identifiers=(Identifier(kind="orgnr", value="999999999"),)),
        receiver=Receiver(name="NAV"),
        episode_start=date(2026, 11, 20),
        patient=Patient(
            name=HumanName(family="Prøvesen", given="Prøve"),
            id=Identifier(kind="national-number", value="15875899999"),
            address=Address(street="Testveien 1", postal_code="0000", city="Testby"),
            telecoms=(Telecom(use="mobile", value="tel:00000000"),),
            nav_office="Testby",
        ),
        employment=Employment(has_employer="one", employer_name="Prøvebedriften", occupation="Snekker", percentage=100),
        diagnosis=Diagnosis(
            main=Coding(code="L03", system="icpc-2", display="Diagnosetekst"),
            others=(Coding(code="P76", system="icpc-2", text="Bidiagnose"),),
            pregnancy=True,
        ),
        periods=(
            Period(
                start=date(2026, 11, 20),
                end=date(2026, 11, 30),
                kind=NotPossible(
                    medical=MedicalReason(codes=("condition-prevents",), text="Medisinsk tekst"),
                    workplace=WorkplaceReason(codes=("lacking-adaptation",), text="Mangler hev- og senkbart bord"),
                ),
            ),
            Period(start=date(2026, 12, 1), end=date(2026, 12, 10), kind=Graded(degree=50)),
        ),
        prognosis=Prognosis(
            fit_after=True,
            considerations="Kortere dager i starten",
            outlook=InWork(own_work=True, from_date=date(2026, 12, 11)),
        ),
        answers=(
            AnswerGroup(
                id="6.2",
                title="Uke 7",
                answers=(
                    answer(1, "for alle"),
                    answer(2, "ikke for NAV", "nav"),
                    answer(3, "ikke for pasient", "patient"),
                ),
            ),
        ),
        function=Function(abilities="Kan sitte"),
        measures=Measures(workplace="Ny stol", nav="Tiltak", other="Annet"),
        nav_note=NavNote(urgent=True, text="Til NAV"),
        message_to_employer="Ring gjerne",
        contact=Contact(treated_at=datetime(2026, 11, 20, 9, 0, tzinfo=UTC), reason_none="Grunn"),
        certifier=Certifier(
            name=HumanName(family="Legesen", given="Lege"),
            identifiers=(Identifier(kind="hpr", value="0000000"),),
            telecoms=(Telecom(use="work", value="tel:11111111"),),
        ),
        system=System(name="Journal", version="1"),
    )
