from dataclasses import replace

from policy_cases import TO_EMPLOYER, TO_NAV, TO_PATIENT, answer, certificate, facts, table

from gateway.core.message import Route, Written
from gateway.model import AnswerGroup, SickLeaveCertificate, Telecom
from gateway.model.walk import values_of
from gateway.policy.origins import renamed
from gateway.policy.pdp import decide
from gateway.policy.pep import release


def origins(record: SickLeaveCertificate, route: Route, **known: str) -> dict[str, str]:
    released = release(record, decide(table(), route, facts(**known), record))
    paths = [path for path, _, _ in values_of(released.record)]
    return dict(
        zip(paths, (row.field for row in renamed(record, released, [Written(p, "x") for p in paths])), strict=True)
    )


def test_an_item_after_one_that_went_is_told_by_where_it_stood() -> None:
    found = origins(certificate(), TO_NAV)
    assert found["answers[0].answers[0].text"] == "answers[0].answers[0].text"
    assert found["answers[0].answers[1].text"] == "answers[0].answers[2].text"


def test_lists_within_lists_move_together() -> None:
    gone = AnswerGroup(id="6.1", title="t", answers=(answer(9, "x", "hemmelig"),))
    record = replace(certificate(), answers=(gone, *certificate().answers, *certificate().answers))
    found = origins(record, TO_NAV)
    assert found["answers[0].title"] == "answers[1].title"
    assert found["answers[1].answers[1].text"] == "answers[2].answers[2].text"


def test_every_released_leaf_holds_the_value_that_stood_where_it_came_from() -> None:
    for route in (TO_NAV, TO_EMPLOYER, TO_PATIENT):
        record = certificate()
        before = {path: value for path, value, _ in values_of(record)}
        released = release(record, decide(table(), route, facts(standing="self"), record)).record
        for path, origin in origins(record, route, standing="self").items():
            after = {at: value for at, value, _ in values_of(released)}
            assert after[path] == before[origin]


def test_a_placeholder_stands_where_the_number_stood() -> None:
    telecoms = (Telecom(value="tel:1"), Telecom(value="tel:2"))
    record = replace(certificate(), certifier=replace(certificate().certifier, telecoms=telecoms))
    found = origins(record, TO_EMPLOYER, sender_discloses="true")
    assert found["certifier.telecoms[1].value"] == "certifier.telecoms[1].value"
