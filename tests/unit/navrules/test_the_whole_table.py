"""NAV's table once more, read row by row without the data or the engine, against both on any note.

A tree is a function that gives the outcome it comes to, or nothing. What is judged is what an example says of a note.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from nav_notes import EXAMPLES, KNOWN, RULES, answered, met

from gateway.core.identifiers import is_synthetic
from gateway.navrules.trees import Status

TODAY = date(2026, 11, 16)
WEEKDAYS = range(1, 6)
SYSTEMS = ("icpc-2", "icpc-2b", "icd-10")


class Span(NamedTuple):
    first: date
    last: date
    kind: str
    more: tuple[Any, ...]


def spans(said: dict[str, Any]) -> list[Span]:
    return [
        Span(date.fromisoformat(a), date.fromisoformat(b), kind, tuple(more)) for a, b, kind, *more in said["periods"]
    ]


def ends(said: dict[str, Any]) -> tuple[date, date]:
    return min(one.first for one in spans(said)), max(one.last for one in spans(said))


def code(text: str) -> tuple[str, str]:
    system, _, value = text.partition(" ")
    return system.replace("none", ""), value


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def registers(said: dict[str, Any], nav: dict[str, str]) -> str:
    """Give what d to f of section 4 say, and b and c, which come first."""
    if nav["nav.enterprise-signed"] == "yes":
        if not said["sender-hpr"]:
            return "JURIDISK_BEHANDLER_UTEN_HPR"
        if nav["nav.legal-certifier-found"] != "yes":
            return "JURIDISK_BEHANDLER_UTEN_FNR"
    if nav["nav.duplicate"] == "yes":
        return "DUPLIKAT"
    if nav["nav.patient-registered"] != "yes":
        return "PASIENT_IKKE_I_FOLKEREGISTERET"
    return "" if nav["nav.signer-registered"] == "yes" else "BEHANDLER_IKKE_I_FOLKEREGISTERET"


def arrival(said: dict[str, Any], nav: dict[str, str]) -> str:
    """Give what g to y of section 4 say."""
    if not said["periods"]:
        return "MOTTAK_PERIODER_MANGLER"
    if any(one.kind == "untyped" for one in spans(said)):
        return "MOTTAK_PERIODE_UTEN_TYPE"
    others = [code(one) for one in said["others"]]
    if any(not value for _, value in others):
        return "BIDIAGNOSE_UTEN_KODE"
    if any(not system for system, _ in others):
        return "BIDIAGNOSE_UTEN_KODEVERK"
    if others and not said["other-display"]:
        return "BIDIAGNOSE_UTEN_BESKRIVELSE"
    if not {kind for kind, _ in said["certifier"]} & {"hpr", "national-number", "d-number"}:
        return "BEHANDLER_UTEN_ID"
    if said["main"] and not code(said["main"])[1]:
        return "HOVEDDIAGNOSE_UTEN_KODE"
    if said["main"] and not said["display"]:
        return "HOVEDDIAGNOSE_UTEN_BESKRIVELSE"
    return _uncoded(said) or _arrived(said, nav)


def _uncoded(said: dict[str, Any]) -> str:
    """Give what o and q say; what p and r say is refused in reading."""
    stated = [one.more[0] for one in spans(said) if one.kind == "not-possible" and one.more]
    bare = {name for why in stated for name, (code, text) in why.items() if text and not code}
    if "medical" in bare:
        return "MEDISINSK_ARSAK_UTEN_KODE"
    return "ARBEIDSPLASSARSAK_UTEN_KODE" if "workplace" in bare else ""


def _arrived(said: dict[str, Any], nav: dict[str, str]) -> str:
    if is_synthetic(said["patient"]) and nav["nav.production"] == "yes":
        return "TESTNUMMER_I_PRODUKSJON"
    if said["reason"] and not said["reason-code"]:
        return "ANNEN_FRAVERSARSAK_UTEN_KODE"
    if not said["treated"]:
        return "BEHANDLETDATO_MANGLER"
    if not said["employer"]:
        return "HAR_ARBEIDSGIVER_MANGLER"
    return "SIGNATURDATO_FREM_I_TID" if moment(said["signed"]) > moment(said["received"]) else ""


def suspension(_: dict[str, Any], nav: dict[str, str]) -> str:
    return "BEHANDLER_SUSPENDERT" if nav["nav.suspended"] == "yes" else ""


def validation(said: dict[str, Any], _: dict[str, str]) -> str:
    """Give what 1.1 and 1.3 to 1.6 say."""
    if len(said["orgnr"]) != 9:
        return "UGYLDIG_ORGNR_LENGDE"
    if said["ruleset"] not in {None, "", "1", "2", "3"}:
        return "UGYLDIG_REGELSETTVERSJON"
    late = any((one.last - one.first).days > 273 for one in spans(said))
    if said["ruleset"] == "2" and late and not {"6.5.1", "6.5.2", "6.5.3", "6.5.4"} <= {*said["answers"]}:
        return "MANGLENDE_DYNAMISKE_SPOERSMAL_VERSJON2_UKE_39"
    if said["signer"] == said["patient"]:
        return "AVSENDER_FNR_ER_SAMME_SOM_PASIENT_FNR"
    return "BEHANDLER_FNR_ER_SAMME_SOM_PASIENT_FNR" if ["national-number", said["patient"]] in said["certifier"] else ""


def periods(said: dict[str, Any], _: dict[str, str]) -> str:
    """Give what 2.1 to 2.13 say."""
    every = spans(said)
    if not every:
        return "PERIODER_MANGLER"
    if any(one.last < one.first for one in every):
        return "FRADATO_ETTER_TILDATO"
    for one in every:
        for other in every:
            if one != other and (other.first <= one.first <= other.last or other.first <= one.last <= other.last):
                return "OVERLAPPENDE_PERIODER"
    if any(day.isoweekday() in WEEKDAYS for day in _between(every)):
        return "OPPHOLD_MELLOM_PERIODER"
    if any(one.kind == "untyped" for one in every):
        return "IKKE_DEFINERT_PERIODE"
    if said["treated"] and moment(said["treated"]) > moment(said["received"]) + timedelta(days=1):
        return "BEHANDLINGSDATO_ETTER_MOTTATTDATO"
    return _pending(every) or _treatment(every)


def _between(every: list[Span]) -> Iterator[date]:
    for one, other in pairwise(sorted(every, key=lambda span: span.first)):
        day = one.last + timedelta(days=1)
        while day < other.first:
            yield day
            day += timedelta(days=1)


def _pending(every: list[Span]) -> str:
    pending = [one for one in every if one.kind == "pending"]
    if pending and len(every) > 1:
        return "AVVENTENDE_SYKMELDING_KOMBINERT"
    if any(not "".join(one.more).strip() for one in pending):
        return "MANGLENDE_INNSPILL_TIL_ARBEIDSGIVER"
    return "AVVENTENDE_SYKMELDING_OVER_16_DAGER" if any((one.last - one.first).days > 16 for one in pending) else ""


def _treatment(every: list[Span]) -> str:
    treated = [one for one in every if one.kind == "treatment-days"]
    if any(one.more[0] > (one.last - one.first).days // 7 + 1 for one in treated):
        return "FOR_MANGE_BEHANDLINGSDAGER_PER_UKE"
    degrees = [one.more[0] for one in every if one.kind == "graded"]
    if any(degree > 99 for degree in degrees):
        return "GRADERT_SYKMELDING_OVER_99_PROSENT"
    if 0 in degrees:
        return "GRADERT_SYKMELDING_0_PROSENT"
    return "SYKMELDING_MED_BEHANDLINGSDAGER" if treated else ""


def personnel(said: dict[str, Any], nav: dict[str, str]) -> str:
    """Give what 3.1 to 3.6 say."""
    if nav["nav.hpr-found"] != "yes":
        return "BEHANDLER_IKKE_I_HPR"
    if nav["nav.hpr-active"] != "yes":
        return "BEHANDLER_IKKE_GYLDIG_I_HPR"
    if nav["nav.hpr-authorisation"] not in {"1", "17", "4", "2", "14", "18"}:
        return "BEHANDLER_MANGLER_AUTORISASJON_I_HPR"
    if nav["nav.hpr-category"] in {"LE", "TL"}:
        return ""
    if nav["nav.hpr-category"] not in {"MT", "FT-competence", "KI-competence"}:
        return "BEHANDLER_IKKE_LE_KI_MT_TL_FT_I_HPR"
    if not said["periods"]:
        return ""
    first, last = ends(said)
    started = date.fromisoformat(said["episode"]) if said["episode"] else first
    return "BEHANDLER_MT_FT_KI_OVER_12_UKER" if (last - min(first, started)).days > 84 else ""


def incapacity(said: dict[str, Any], nav: dict[str, str]) -> str:
    """Give what 4.1 to 4.4 say."""
    system, value = code(said["main"] or "")
    if not said["main"]:
        if not (said["reason"] or said["reason-code"] or "").strip():
            return "FRAVAERSGRUNN_MANGLER"
    elif system not in SYSTEMS or nav["nav.main-diagnosis-listed"] != "yes":
        return "UGYLDIG_KODEVERK_FOR_HOVEDDIAGNOSE"
    elif system != "icd-10" and value.startswith("Z"):
        return "ICPC_2_Z_DIAGNOSE"
    listed = not said["others"] or nav["nav.other-diagnoses-listed"] == "yes"
    known = all(code(one)[0] in SYSTEMS for one in said["others"])
    return "" if listed and known else "UGYLDIG_KODEVERK_FOR_BIDIAGNOSE"


def age(said: dict[str, Any], _: dict[str, str]) -> str:
    born = said["born"]
    young = said["periods"] and ends(said)[1] < born.replace(year=born.year + 13)
    return "PASIENT_YNGRE_ENN_13" if young else ""


def dates(said: dict[str, Any], _: dict[str, str]) -> str:
    """Give what 6.1 to 6.3 say."""
    if not said["periods"]:
        return ""
    first, last = ends(said)
    if first > moment(said["signed"]).date() + timedelta(days=30):
        return "FREMDATERT"
    if first < moment(said["received"]).date().replace(year=TODAY.year - 3):
        return "TILBAKEDATERT_MER_ENN_3_AR"
    return "TOTAL_VARIGHET_OVER_ETT_AAR" if (last - first).days > 365 else ""


def dating_back(said: dict[str, Any], nav: dict[str, str]) -> str:
    """Give what the tree of section 2.1 says."""
    if not said["periods"]:
        return ""
    first, signed = ends(said)[0], moment(said["signed"]).date()
    words = sum(any(letter.isascii() and letter.isalpha() for letter in one) for one in (said["why"] or "").split(" "))
    before = len(said["periods"]) == 1 and said["main"] and nav["nav.sent-before"] == "yes"
    if signed <= first or code(said["main"] or "")[0] == "icd-10" or before or (signed - first).days <= 4:
        return ""
    extends = nav["nav.extension"] == "yes"
    if signed < first + timedelta(days=9):
        return "" if words or extends else "INNTIL_8_DAGER"
    # it is signed on a 16th, so a month and a day after the first day is reached for the 15th of last month
    if first > date(2026, 10, 15):
        if not words:
            return "MINDRE_ENN_1_MAANED"
        return "" if extends or nav["nav.employer-period"] == "yes" else "MINDRE_ENN_1_MAANED_MED_BEGRUNNELSE"
    return "OVER_1_MND_MED_BEGRUNNELSE" if words >= 3 else "OVER_1_MND"


TREES = (
    registers, arrival, suspension, validation, periods, personnel, incapacity, age, dates, dating_back,
)  # fmt: skip

KIND = st.one_of(
    st.tuples(st.just("graded"), st.sampled_from([0, 1, 50, 99, 100])),
    st.tuples(st.just("pending"), st.sampled_from(["råd", " "])),
    st.tuples(st.just("treatment-days"), st.integers(1, 4)),
    st.sampled_from([("not-possible",), ("travel",), ("untyped",)]),
    st.tuples(
        st.just("not-possible"),
        st.dictionaries(
            st.sampled_from(["medical", "workplace"]),
            st.tuples(st.sampled_from([None, "other"]), st.sampled_from([None, "tekst"])),
        ),
    ),
)
FREE: dict[str, st.SearchStrategy[Any]] = {
    "orgnr": st.sampled_from(["", "31300000", "3130000010"]),
    "ruleset": st.sampled_from([None, "", "1", "2", "4"]),
    "signer": st.just("14858400032"),
    "certifier": st.sampled_from([[], [["her", "1"]], [["d-number", "1"]], [["national-number", "14858400032"]]]),
    "sender-hpr": st.just("1234567"),
    "treated": st.sampled_from([None, "2026-11-17T10:00", "2026-11-17T10:01"]),
    "signed": st.sampled_from(["2026-11-16T10:00", "2026-11-16T10:01"]),
    "employer": st.sampled_from([None, "none"]),
    "main": st.sampled_from([None, "icpc-2", "none L02", "icpc-2b Z01.0001", "icpc-2 Z01", "icd-10 Z56", "icd-10 J06"]),
    "display": st.just(value=False),
    "others": st.sampled_from([["icpc-2 L03"], ["icpc-2"], ["none L03"]]),
    "other-display": st.just(value=False),
    "reason": st.sampled_from(["smitte", " "]),
    "reason-code": st.just("infection-hazard"),
    "born": st.sampled_from([date(2013, 11, 29), date(2013, 11, 30), date(2013, 12, 20)]),
    "episode": st.sampled_from(["2026-09-05", "2026-09-06"]),
    "answers": st.sampled_from([["6.5.1", "6.5.2", "6.5.3"], ["6.5.1", "6.5.2", "6.5.3", "6.5.4"]]),
    "why": st.sampled_from(["ø å", "syk", "to ord", "nå tre ord"]),
    "patient": st.just("00000000000"),
}
OTHERWISE = {
    "nav.hpr-authorisation": ["3", "18"],
    "nav.hpr-category": ["TL", "MT", "FT", "KI-competence", "PS"],
}


@st.composite
def notes(draw: st.DrawFn) -> dict[str, Any]:
    """Draw what an example may say: most of it as NAV wants it, each thing now and then at or beyond a border."""
    said = {**EXAMPLES["base"], "periods": draw(_periods())}
    for name in draw(st.sets(st.sampled_from(sorted(FREE)), max_size=3)):
        said[name] = draw(FREE[name])
    nav = dict(KNOWN)
    for name in draw(st.sets(st.sampled_from(sorted(KNOWN)), max_size=2)):
        nav[name] = draw(st.sampled_from(OTHERWISE.get(name, ["yes" if KNOWN[name] == "no" else "no"])))
    if not said["others"]:
        nav["nav.other-diagnoses-listed"] = "yes"
    if len(said["periods"]) != 1 or not said["main"]:
        nav["nav.sent-before"] = "no"
    return {**said, "nav": nav}


@st.composite
def _periods(draw: st.DrawFn) -> list[list[Any]]:
    near = st.sampled_from([-1097, -1096, -1095, -32, -31, -10, -9, -8, -5, -4, -1, 0, 7, 30, 31])
    first = TODAY + timedelta(days=draw(near))
    made: list[list[Any]] = []
    for _ in range(draw(st.integers(0, 3))):
        last = first + timedelta(days=draw(st.sampled_from([-1, 0, 6, 7, 16, 17, 84, 85, 273, 274, 365, 366])))
        made.append([str(first), str(last), *draw(KIND)])
        first = last + timedelta(days=draw(st.sampled_from([0, 1, 1, 1, 2, 3, 4])))
    return made


@settings(max_examples=250, deadline=None)
@given(notes())
def test_every_tree_agrees_with_an_independent_reading_of_the_table(said: dict[str, Any]) -> None:
    assert met(said) == {tree(said, said["nav"]) for tree in TREES} - {""}


@settings(max_examples=60, deadline=None)
@given(notes())
def test_on_paper_no_check_on_arrival_is_made_and_a_person_looks_at_all_that_is_wrong(said: dict[str, Any]) -> None:
    assume(not any(code(one or "")[0] == "" for one in (said["main"] or "icpc-2", *said["others"])))  # NAV looks it up
    answer = answered(said, paper=True)
    found = {tree(said, said["nav"]) for tree in TREES if tree is not arrival}
    only_orgnr = {one for one in found if one == validation(said, said["nav"]) and one != "UGYLDIG_ORGNR_LENGDE"}
    assert {one.outcome.id for one in answer.sure} == found - only_orgnr - {""}
    assert {one.outcome.status for one in answer.sure} <= {Status.MANUAL}


def test_the_reading_knows_every_outcome_of_the_data() -> None:
    names = {name for tree in (*TREES, _arrived, _uncoded, _pending, _treatment) for name in tree.__code__.co_consts}
    assert set(RULES.outcomes) <= {one for name in names for one in (name if isinstance(name, frozenset) else (name,))}
