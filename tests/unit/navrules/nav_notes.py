"""Sick notes from what an example says of them, and NAV's answer to them."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import yaml

from gateway.edge.library import default_folder
from gateway.model.certificate import (
    AbsenceReason,
    Answer,
    AnswerGroup,
    Certifier,
    Contact,
    Diagnosis,
    Employment,
    Graded,
    MedicalReason,
    NotPossible,
    Pending,
    Period,
    SickLeaveCertificate,
    TravelOnly,
    TreatmentDays,
    WorkplaceReason,
)
from gateway.model.common import Coding, Identifier
from gateway.model.envelope import Patient, Professional, Sender
from gateway.navrules.evaluate import Answer as NavAnswer
from gateway.navrules.evaluate import evaluate
from gateway.navrules.facts import OSLO, Asked, facts
from gateway.navrules.kinds import KINDS
from gateway.navrules.load import load

FOLDER = default_folder() / "nav-rules"
RULES = load(FOLDER, KINDS[SickLeaveCertificate])
EXAMPLES: dict[str, Any] = yaml.safe_load((FOLDER / "examples" / "sykmelding.yaml").read_text("utf-8"))
KNOWN: dict[str, str | float] = {
    "nav.enterprise-signed": "no",
    "nav.legal-certifier-found": "yes",
    "nav.duplicate": "no",
    "nav.patient-registered": "yes",
    "nav.signer-registered": "yes",
    "nav.production": "no",
    "nav.suspended": "no",
    "nav.hpr-found": "yes",
    "nav.hpr-active": "yes",
    "nav.hpr-authorisation": "1",
    "nav.hpr-category": "LE",
    "nav.main-diagnosis-listed": "yes",
    "nav.other-diagnoses-listed": "yes",
    "nav.sent-before": "no",
    "nav.extension": "no",
    "nav.employer-period": "no",
}
KINDS = {
    "pending": lambda advice=None: Pending(advice=advice),
    "graded": lambda degree=50: Graded(degree=degree),
    "not-possible": lambda why=None: NotPossible(
        medical=_reason(MedicalReason, why, "medical"), workplace=_reason(WorkplaceReason, why, "workplace")
    ),
    "treatment-days": lambda days=1: TreatmentDays(per_week=days),
    "travel": lambda: TravelOnly(paid=True),
    "untyped": lambda: None,
}


def _reason(made: Any, why: dict[str, Any] | None, name: str) -> Any:
    if not why or name not in why:
        return None
    code, text = why[name]
    return made(codes=(code,) if code else (), text=text)


def coding(text: str) -> Coding:
    system, _, code = text.partition(" ")
    return Coding(system=system.replace("-none", "") if system != "none" else None, code=code or None, display="vist")


def note(said: dict[str, Any]) -> SickLeaveCertificate:
    """Make a note from what an example says of it; what it does not say is as NAV wants it."""
    said = {**EXAMPLES["base"], **said}
    periods = tuple(
        Period(start=date.fromisoformat(str(a)), end=date.fromisoformat(str(b)), kind=KINDS[kind](*rest))
        for a, b, kind, *rest in said["periods"]
    )
    main = said["main"] and replace(coding(said["main"]), **({} if said["display"] else {"display": None}))
    others = tuple(
        replace(coding(one), **({} if said["other-display"] else {"display": None})) for one in said["others"]
    )
    stated = said["reason"] is not None or said["reason-code"]
    codes = (said["reason-code"],) if said["reason-code"] else ()
    reason = AbsenceReason(codes=codes, text=said["reason"]) if stated else None
    professional = Professional(fnr=said["signer"], hpr=said["sender-hpr"])
    ids = tuple(Identifier(kind=kind, value=value) for kind, value in said["certifier"])
    return SickLeaveCertificate(
        id="n",
        sent_at=local(said["signed"]),
        sender=Sender(identifiers=(Identifier(kind="orgnr", value=said["orgnr"]),), professional=professional),
        ruleset=said["ruleset"],
        episode_start=said["episode"] and date.fromisoformat(str(said["episode"])),
        patient=Patient(id=Identifier(kind="national-number", value=said["patient"]), birth_date=said["born"]),
        employment=Employment(has_employer=said["employer"]),
        diagnosis=Diagnosis(main=main or None, others=others, reason=reason),
        periods=periods,
        answers=(
            AnswerGroup(
                id="6.5", title="", answers=tuple(Answer(id=a, question="", text="x") for a in said["answers"])
            ),
        ),
        contact=Contact(treated_at=said["treated"] and local(said["treated"]), reason_none=said["why"]),
        certifier=Certifier(identifiers=ids),
    )


def local(text: Any) -> datetime:
    return datetime.fromisoformat(str(text)).replace(tzinfo=OSLO)


def answered(said: dict[str, Any], *, known: bool = True, paper: bool = False) -> NavAnswer:
    extra = {**KNOWN, **said.get("nav", {})} if known else said.get("nav", {})
    if known and "nav.other-diagnoses-listed" not in said.get("nav", {}):
        extra.pop("nav.other-diagnoses-listed", None)
    asked = Asked(note(said), local(said.get("received", EXAMPLES["base"]["received"])), paper)
    return evaluate(RULES, facts(asked, extra), paper=paper)


def met(said: dict[str, Any]) -> set[str]:
    return {one.outcome.id for one in answered(said).sure}
