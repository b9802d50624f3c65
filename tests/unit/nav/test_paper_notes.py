"""Sick notes on paper: read as the certificates that they are, refused where they say two things, and never written."""

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from in_process import samspill
from lxml import etree

from gateway import flow
from gateway.core.errors import NotAcceptable
from gateway.core.message import Parsed
from gateway.model import SickLeaveCertificate
from gateway.model.certificate import Graded, NotPossible, TreatmentDays
from gateway.model.walk import values_of
from gateway.wiring.formats import installed

EXAMPLES = Path(__file__).parents[3] / "mappings/nav/papirsykmelding/examples"
FULL = (EXAMPLES / "01-full-then-graded.in.xml").read_text("utf-8")
LITTLE = (EXAMPLES / "02-pending-with-little-else.in.xml").read_text("utf-8")
PAPER = installed()[1]["nav-papirsykmelding"]
FHIR = installed()[1]["fhir"]


def read(text: str, *changes: tuple[str, str]) -> Parsed[SickLeaveCertificate]:
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return flow.parse(PAPER, text.encode(), report=True)


def refused(text: str, *changes: tuple[str, str]) -> list[str]:
    with pytest.raises(NotAcceptable) as caught:
        read(text, *changes)
    assert all(issue.mend for issue in caught.value.issues)
    return [f"{issue.at}: {issue.what}" for issue in caught.value.issues]


def note(text: str, *changes: tuple[str, str]) -> SickLeaveCertificate:
    record = read(text, *changes).record
    assert record is not None
    return record


def test_each_leaf_of_a_sheet_is_told_once_and_under_a_field_that_the_certificate_has() -> None:
    for text in (FULL, LITTLE):
        parsed = read(text)
        leaves = [one for one in etree.fromstring(text.encode()).iter() if not len(one)]
        assert len(parsed.rows) == parsed.leaves == len(leaves)
        held = {path for path, _, _ in values_of(parsed.record)}
        carried = {row.field for row in parsed.rows}
        assert {one for one in carried if not any(path.startswith(one) for path in held)} == set()


def test_what_a_sheet_says_comes_out_as_fhir_and_back_as_the_same_certificate() -> None:
    coded = ("<bidiagnose>", "<bidiagnose><diagnosekodeSystem>ICPC2</diagnosekodeSystem>")
    assert flow.parse(FHIR, flow.convert(read(FULL, coded), FHIR).rendered.body).record == note(FULL, coded)


def test_a_tick_is_a_reason_without_a_code_and_an_empty_box_is_none() -> None:
    kind = next(one.kind for one in note(FULL).periods if isinstance(one.kind, NotPossible))
    assert kind.workplace is not None
    assert (kind.workplace.codes, kind.workplace.text) == ((), None)
    unticked = ("<arbeidsplassenHindrer>1<", "<arbeidsplassenHindrer>0<")
    kind = next(one.kind for one in note(FULL, unticked).periods if isinstance(one.kind, NotPossible))
    assert kind.workplace is None


def test_a_d_number_a_per_cent_and_a_bare_degree_are_understood() -> None:
    assert note(FULL, ("14858400032", "54858400032")).patient.id.kind == "d-number"  # type: ignore[union-attr]
    assert Graded(degree=50, travel=False) in [one.kind for one in note(FULL).periods]
    assert Graded(degree=60, travel=False) in [one.kind for one in note(FULL, ("50 %", "60")).periods]


def test_a_sheet_was_signed_at_noon_of_the_day_of_treatment_also_when_clocks_change() -> None:
    signed = note(FULL, ("<behandletDato>2026-11-10", "<behandletDato>2026-10-25")).sent_at
    assert signed == datetime(2026, 10, 25, 12, tzinfo=ZoneInfo("Europe/Oslo"))
    assert note(LITTLE).sent_at is None


FORM = "/skanningmetadata/sykemeldinger"
ADVICE = "<innspillTilArbeidsgiver>Mindre støy</innspillTilArbeidsgiver><gradertSykmelding>"
TWICE = {
    "main": (
        [("<bidiagnose>", "<hovedDiagnose>"), ("</bidiagnose>", "</hovedDiagnose>")],
        f"{FORM}/medisinskVurdering/hovedDiagnose[2]/diagnosekode: two main diagnoses stand here",
    ),
    "outlook": (
        [("</medArbeidsgiver>", "</medArbeidsgiver><utenArbeidsgiver/>")],
        f"{FORM}/prognose/utenArbeidsgiver: an outlook with an employer and one without stand here",
    ),
    "degree": (
        [("50 %", "femti")],
        f"{FORM}/aktivitet/gradertSykmelding/sykmeldingsgrad: a degree that is no whole number stands here",
    ),
    "advice": (
        [("<gradertSykmelding>", ADVICE)],
        f"{FORM}/aktivitet/innspillTilArbeidsgiver: advice for a pending note stands here without its days",
    ),
}


@pytest.mark.parametrize("what", TWICE)
def test_what_says_two_things_is_refused_at_its_place(what: str) -> None:
    changes, expected = TWICE[what]
    assert refused(FULL, *changes) == [expected]


def test_a_period_without_its_last_day_and_an_unknown_code_system_are_refused_at_their_places() -> None:
    told = refused(
        FULL,
        ("<periodeTOMDato>2026-11-29</periodeTOMDato>", ""),
        ("<diagnosekodeSystem>ICPC-2<", "<diagnosekodeSystem>ICPC-9<"),
    )
    assert any("gradertSykmelding" in one for one in told)
    assert any("diagnosekodeSystem: a code that its table does not hold" in one for one in told)


def test_words_beside_the_tick_for_an_employer_are_left_out_and_told_of_when_nobody_knows_them() -> None:
    parsed = read(FULL, ("En arbeidsgiver", "Ja"))
    assert [row.at.rpartition("/")[2] for row in parsed.rows if row.outcome == "unmapped"] == ["harArbeidsgiver"]
    assert parsed.record is not None
    assert parsed.record.employment.has_employer is None


def test_answers_keep_their_numbers_and_are_kept_from_the_employer() -> None:
    [group] = note(FULL).answers
    assert [(one.id, one.text, one.restrictions) for one in group.answers] == [
        ("6.2.1", "Falt på kaia", ("employer",)),
        ("6.2.4", "Fysioterapi", ("employer",)),
    ]


def test_treatment_days_without_a_number_are_days_of_treatment_all_the_same() -> None:
    treated = note(
        LITTLE,
        ("<avventendeSykmelding>", "<behandlingsdager>"),
        ("</avventendeSykmelding>", "</behandlingsdager>"),
        ("<innspillTilArbeidsgiver>Lettere arbeid uten løft</innspillTilArbeidsgiver>", ""),
    )
    assert [one.kind for one in treated.periods] == [TreatmentDays(per_week=None)]
    assert treated.periods[0].start == date(2026, 11, 16)


@pytest.mark.parametrize("wire", ["nav-papirsykmelding", "nav-sykmelding"])
def test_a_sheet_is_never_written_and_lacks_what_navs_own_form_demands(wire: str) -> None:
    words = ("translate", "--from", "nav-papirsykmelding", "--to", wire, "--unrestricted")
    done = samspill(*words, EXAMPLES / "01-full-then-graded.in.xml")
    assert done.returncode == 3
    told = done.stderr
    assert ("the sheet of paper is the original" in told) is (wire == "nav-papirsykmelding")
    assert ("demands certifier.name" in told) is (wire == "nav-sykmelding")


def test_nav_judges_a_sheet_as_paper_with_nothing_to_ask_for() -> None:
    done = samspill("nav-rules", "--from", "nav-papirsykmelding", EXAMPLES / "02-pending-with-little-else.in.xml")
    assert done.returncode == 0
    assert "which code system the diagnosis is of" in done.stdout
    assert "rule" not in done.stdout.replace("NAV's rules", "")
