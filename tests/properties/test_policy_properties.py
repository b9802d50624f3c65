"""What must be true of the rules whatever the facts, the record and the Consents are."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.decision import Effect
from gateway.core.errors import Refused
from gateway.core.message import Route
from gateway.core.vocabulary import DataClass, MessageKind, Purpose, Role
from gateway.model import SickLeaveCertificate
from gateway.model.walk import Field, fields_of, values_of
from gateway.policy.consent import admissible, evaluate
from gateway.policy.consent_facts import consent_fact, patient_act
from gateway.policy.elements import Element, elements_of
from gateway.policy.facts import Facts
from gateway.policy.load import load
from gateway.policy.pdp import decide, decide_elements
from gateway.policy.pep import release
from gateway.policy.provision import ACT_REASON, READABLE, Request
from gateway.policy.rules import ANY, UNKNOWN, Rule, Table, Words, compile_table, table_of

RULES = load(Path(__file__).parents[2] / "mappings" / "policy")
TABLE: Table = compile_table(RULES, date(2026, 11, 24))
NOW = datetime(2026, 11, 24, tzinfo=UTC)

SCALARS: dict[type, st.SearchStrategy[Any]] = {
    str: st.text(alphabet="abcøå P7", max_size=6),
    int: st.integers(1, 99),
    bool: st.booleans(),
    date: st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    datetime: st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001
}


def records(kind: type) -> st.SearchStrategy[Any]:
    return st.deferred(lambda: st.builds(kind, **{name: held(field) for name, field in fields_of(kind).items()}))


def held(field: Field) -> st.SearchStrategy[Any]:
    if field.name == "restrictions":
        return st.lists(st.sampled_from(["employer", "patient", "nav", "x"]), max_size=2, unique=True).map(tuple)
    one = st.one_of(*(records(kind) for kind in field.kinds)) if field.is_record else SCALARS[field.kinds[0]]
    if field.many:
        return st.lists(one, max_size=2).map(tuple)
    return st.none() | one if field.optional else one


CERTIFICATES = records(SickLeaveCertificate)
FACTS = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from((*kind.values, UNKNOWN, "strange")) for name, kind in TABLE.kinds.items()}
)
LIVELY = FACTS.map(
    lambda facts: {"patient-act": "true", "consent": "none", "address-grading": "none", "standing": "self"} | facts
)
ROUTES = st.builds(
    Route, st.sampled_from(Role), st.sampled_from(Role), st.sampled_from(MessageKind), st.sampled_from(Purpose)
)
NOTES = st.sampled_from([
    Route(Role.CERTIFIER, Role.NAV, MessageKind.SYKMELDING, Purpose.BENEFIT),
    Route(Role.CERTIFIER, Role.EMPLOYER, MessageKind.SYKMELDING, Purpose.SICK_LEAVE_FOLLOW_UP),
    Route(Role.CERTIFIER, Role.EMPLOYER, MessageKind.SYKMELDING, Purpose.PAY),
    Route(Role.CERTIFIER, Role.PATIENT, MessageKind.SYKMELDING, Purpose.OWN_ACCESS),
])  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(record=CERTIFICATES, route=NOTES, facts=LIVELY)
def test_released_is_exactly_what_was_permitted_and_withheld_is_exactly_the_rest(
    record: Any, route: Route, facts: dict[str, str]
) -> None:
    decision = decide(TABLE, route, Facts(facts), record)
    permitted = {one.data_class for one in decision.classes if one.effect is Effect.PERMIT}
    try:
        released = release(record, decision)
    except Refused:
        return
    assert {data_class for _, _, data_class in values_of(released.record)} <= permitted | (
        {"certifier"} if "placeholder" in released.obligations else set()
    )
    withheld = {one.field for one in released.withheld}
    denied = {field for one in decision.classes if one.effect is not Effect.PERMIT for field in one.fields}
    assert denied <= withheld
    assert len(withheld) == len(released.withheld)
    again = decide(TABLE, route, Facts(facts), released.record)
    assert all(one.effect is Effect.PERMIT for one in again.classes if one.data_class != "certifier")


@settings(max_examples=60, deadline=None)
@given(record=CERTIFICATES)
def test_the_elements_of_a_record_are_its_leaves(record: Any) -> None:
    found = {field: element.data_class for element in elements_of(record) for field in element.fields}
    assert found == {path: data_class for path, _, data_class in values_of(record)}


@settings(max_examples=200, deadline=None)
@given(route=ROUTES, facts=FACTS, data_class=st.sampled_from(DataClass))
def test_the_table_decides_as_a_plain_reading_of_the_rows_does(
    route: Route, facts: dict[str, str], data_class: DataClass
) -> None:
    (one,) = decide_elements(TABLE, route, Facts(facts), [Element(data_class)]).classes
    holding = [rule for rule in TABLE.rules if _holds(rule, route, facts, data_class)]
    permits, forbids = [r.id for r in holding if r.permits], [r.id for r in holding if not r.permits]
    assert sorted(one.permits) == sorted(permits)
    assert sorted(one.forbids) == sorted(forbids)
    assert (one.effect is Effect.PERMIT) == (bool(permits) and not forbids)


def _holds(rule: Rule, route: Route, facts: dict[str, str], data_class: str) -> bool:
    cell = {
        "message": route.kind,
        "from": route.sender,
        "to": route.recipient,
        "purpose": route.purpose,
        "classes": data_class,
    }
    known = {name: value for name, value in facts.items() if value in TABLE.kinds[name].values}
    if not all(word in rule.scope[dimension] for dimension, word in cell.items()):
        return False
    if rule.permits:
        return all(known.get(fact) == value for fact, value in rule.when.items())
    heard = all(known.get(fact, value) == value for fact, value in rule.when.items())
    return heard and not any(known.get(fact) == value for fact, value in rule.unless.items())


FORBIDS = st.builds(
    lambda base, classes, when: replace(
        base,
        id="added",
        permits=False,
        tier="statute",
        scope=dict.fromkeys(base.scope, ANY) | {"classes": Words(frozenset(classes))},
        when=when,
        unless={},
    ),
    st.sampled_from(RULES.rules),
    st.sets(st.sampled_from(DataClass), min_size=1),
    st.one_of(
        st.just({}), *(st.sampled_from(kind.values).map(lambda v, n=name: {n: v}) for name, kind in TABLE.kinds.items())
    ),
)


@settings(max_examples=150, deadline=None)
@given(added=FORBIDS, route=NOTES, facts=LIVELY)
def test_adding_a_forbid_never_widens_a_release(added: Rule, route: Route, facts: dict[str, str]) -> None:
    more = table_of([*TABLE.rules, added], RULES.facts)
    elements = [Element(data_class) for data_class in DataClass]
    before, after = (_permitted(table, route, facts, elements) for table in (TABLE, more))
    assert after <= before


@settings(max_examples=150, deadline=None)
@given(route=NOTES, facts=LIVELY, fact=st.sampled_from(sorted(TABLE.kinds)))
def test_not_knowing_never_releases_more_than_knowing(route: Route, facts: dict[str, str], fact: str) -> None:
    elements = [Element(data_class) for data_class in DataClass]
    unknown = _permitted(TABLE, route, {**facts, fact: UNKNOWN}, elements)
    for value in TABLE.kinds[fact].values:
        assert unknown <= _permitted(TABLE, route, {**facts, fact: value}, elements)


def _permitted(table: Table, route: Route, facts: dict[str, str], elements: list[Element]) -> set[str]:
    decision = decide_elements(table, route, Facts(facts), elements)
    return {one.data_class for one in decision.classes if one.effect is Effect.PERMIT}


REFERENCES = st.sampled_from(["Organization/1", "Organization/2", "Practitioner/1"])
CODES = st.sampled_from(["TREAT", "ETREAT", "BTG", "HPAYMT"])
CRITERIA = st.fixed_dictionaries(
    {},
    optional={
        "actor": st.lists(REFERENCES.map(lambda one: {"reference": {"reference": one}}), max_size=2),
        "purpose": st.lists(CODES.map(lambda code: {"system": ACT_REASON, "code": code}), max_size=2),
        "period": st.sampled_from([{}, {"start": "2026"}, {"end": "2026-11-23"}, {"end": "2027"}]),
        "dataPeriod": st.sampled_from([{"start": "2026-01-01"}, {"end": "2025"}]),
    },
)
PROVISIONS = st.builds(lambda kind, criteria: {"type": kind, **criteria}, st.sampled_from(["permit", "deny"]), CRITERIA)
CONSENTS = st.builds(
    lambda root, exceptions, status: {
        "resourceType": "Consent",
        "status": status,
        "scope": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]
        },
        "patient": {"reference": "Patient/1"},
        "performer": [{"reference": "Patient/1"}],
        "dateTime": "2026-01-01",
        "provision": {**root, "provision": exceptions},
    },
    PROVISIONS,
    st.lists(PROVISIONS, max_size=3),
    st.sampled_from(["active", "active", "inactive"]),
)
REQUESTS = st.builds(
    lambda actors, code: Request(purpose=(ACT_REASON, code), actors=tuple(actors), at=NOW, patient="Patient/1"),
    st.lists(REFERENCES, max_size=2, unique=True),
    CODES,
)
WIDTH = {"deny": 0, None: 0, "none": 1, "permit": 2}


@settings(max_examples=300, deadline=None)
@given(consents=st.lists(CONSENTS, max_size=3), request=REQUESTS, denied=CRITERIA)
def test_adding_a_no_or_withdrawing_a_consent_never_widens(
    consents: list[Any], request: Request, denied: dict[str, Any]
) -> None:
    before = consent_fact(evaluate(one, request) for one in consents)
    for i, one in enumerate(consents):
        provision = one["provision"]
        refusing = {
            **one,
            "provision": {**provision, "provision": [*provision["provision"], {"type": "deny", **denied}]},
        }
        after = consent_fact(evaluate(each, request) for each in [*consents[:i], refusing, *consents[i + 1 :]])
        assert WIDTH[after] <= WIDTH[before]
    for i in range(len(consents)):
        if not evaluate(consents[i], request).explicit_deny and not evaluate(consents[i], request).unsure:
            rest = [*consents[:i], {**consents[i], "status": "inactive"}, *consents[i + 1 :]]
            assert WIDTH[consent_fact(evaluate(each, request) for each in rest)] <= WIDTH[before]


KEYS = [*sorted(READABLE), "start", "end", "reference", "meaning", "coding", "system", "code"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(KEYS), below, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    base=CONSENTS,
    provision=JSON,
    key=st.sampled_from(["provision", "scope", "patient", "performer", "policyRule", "verification"]),
    request=REQUESTS,
)
def test_no_json_makes_reading_a_consent_fail(base: dict[str, Any], provision: Any, key: str, request: Request) -> None:
    odd = {**base, key: provision}
    evaluate(odd, replace(request, resource={"resourceType": "Bundle", "id": "m"}))
    admissible(odd, datetime(2026, 11, 24, tzinfo=UTC))
    patient_act([odd], request, "m")
