import re
from pathlib import Path

from gateway.core.errors import Uncertain
from gateway.core.vocabulary import Role
from gateway.edge.config import Settings
from gateway.edge.delivery.terms import Acknowledges, Terms
from gateway.edge.identity.parties import Delivery, Party
from gateway.edge.identity.registry import read
from gateway.edge.intake import Watermarks
from gateway.wiring.delivery import marks, terms

PAGE = Path(__file__).parents[3] / "docs" / "operations" / "settings.md"
NAV = Party(id="nav", name="NAV", roles=frozenset({Role.NAV}))
EMPLOYER = Party(id="work", name="Havna", roles=frozenset({Role.EMPLOYER}), delivery=Delivery(3, 7))


def no_certificate(_name):
    raise OSError


def registry_with(delivery):
    return read({"p.yaml": f"parties:\n  nav: {{name: NAV, roles: [nav], delivery: {delivery}}}\n"}, no_certificate)


def test_without_settings_terms_and_marks_are_those_that_the_code_has_by_itself():
    made, usual = terms(Settings(), NAV), Terms()
    assert marks(Settings()) == Watermarks()
    for name in ("concurrency", "rate", "patience", "receipt_within", "acknowledges"):
        assert getattr(made, name) == getattr(usual, name)
    for age in (71 * 3600.0, 73 * 3600.0):
        assert (made.retry.after(2, age, Uncertain("x")) is None) == (usual.retry.after(2, age, Uncertain("x")) is None)


def test_settings_say_how_long_and_how_fast_is_delivered():
    given = Settings(delivery_at_once=2, delivery_per_second=5, delivery_hours=1, receipt_hours=2, waiting_messages=9)
    made = terms(given, NAV)
    assert (made.concurrency, made.rate, made.receipt_within) == (2, 5, 7200)
    assert made.retry.after(2, 3599.0, Uncertain("x")) is not None
    assert made.retry.after(2, 3601.0, Uncertain("x")) is None
    assert marks(given).backlog == 9


def test_a_partys_own_delivery_in_the_register_goes_before_the_settings():
    made = terms(Settings(delivery_at_once=2, delivery_per_second=5), EMPLOYER)
    assert (made.concurrency, made.rate, made.acknowledges) == (3, 7, Acknowledges.TRANSPORT)


def test_delivery_is_read_from_the_register_and_its_mistakes_are_told():
    registry, faults = registry_with("{at-once: 4, per-second: 10}")
    assert not faults
    assert registry.parties["nav"].delivery == Delivery(4, 10)
    registry, faults = registry_with("{fetches: yes}")
    assert registry.parties["nav"].delivery == Delivery(fetches=True)
    for wrong in ("{fetches: perhaps}", "{at-once: none}", "{at-onse: 4}", "{per-second: -1}"):
        assert registry_with(wrong)[1]


def test_every_setting_has_its_line_on_the_page_of_settings():
    told = set(re.findall(r"`(?:SAMSPILL)?_([A-Z_]+)`", PAGE.read_text("utf-8")))
    settings = [name.upper() for name in Settings.model_fields]
    assert [name for name in settings if name not in told and name.rsplit("_", 1)[-1] not in told] == []
