"""Swedish numbers: personnummer, samordningsnummer, organisation numbers and HSA-ids."""

import pytest

from gateway.core.identifiers import Kind, is_synthetic_organisation, is_valid, kind_of


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("191212121212", Kind.PERSONNUMMER),
        ("191212721219", Kind.SAMORDNINGSNUMMER),
        ("2129990020", Kind.ORGANISATION),
        ("SE2321000990-A1B2", Kind.HSA),
        ("TSTNMT2321000156-1039", Kind.HSA),
    ],
)
def test_a_number_shows_its_kind(number: str, kind: Kind) -> None:
    assert kind_of(number) is kind
    assert is_valid(number, kind)


@pytest.mark.parametrize(
    "number",
    [
        "191212121213",  # a wrong check digit
        "191213121211",  # month 13
        "191202301213",  # 30 February
        "171212121212",  # a century of nobody
        "19121212-1212",
        "1212121212",  # without the century it is no person
        "991981000010",  # a region's reserve number
        "19810829M071",
        "SE2321000990-å",
        "SE232100099-A1B2",
        "SE2321000990-" + "A" * 40,
        "2129990021",
    ],
)
def test_what_is_no_number_shows_none(number: str) -> None:
    assert kind_of(number) is None


def test_a_swedish_authority_is_not_of_norways_test_series() -> None:
    assert not is_synthetic_organisation("2129990020")
    assert is_synthetic_organisation("313000001")
