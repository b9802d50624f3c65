"""Who a message goes to: by law, as it is addressed, or by the patient's act; and who may send it at all."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.core.errors import NotAcceptable
from gateway.core.vocabulary import MessageKind, Role
from gateway.edge.identity.registry import load as load_parties
from gateway.edge.library import Library
from gateway.edge.line import GatewayLine
from gateway.edge.nav_rules import NavRulebook
from gateway.model import Identifier, SickLeaveCertificate
from gateway.model.messages import About
from gateway.policy.routing import load as load_routing
from gateway.wiring.formats import Formats

ROOT = Path(__file__).parents[3]
MODEL = SickLeaveCertificate.__name__
NOW = datetime(2026, 11, 17, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def line() -> GatewayLine:
    library = Library()
    registry = load_parties(library.folder / "parties", ROOT / "certs" / "example")
    rulebook: Any = None
    envelope: Any = None
    routing, nav_rules = load_routing(library.folder / "policy"), NavRulebook(library.folder, lambda: NOW)
    return GatewayLine(Formats(library), rulebook, routing, registry, envelope, nav_rules)


def known(kind: MessageKind, *receivers: tuple[str, str]) -> About:
    to = tuple(Identifier(kind=name, value=value) for name, value in receivers)
    return About(kind, "m-1", "65839000079", "c-1", (), to)


def test_a_sick_note_goes_to_nav_whoever_it_is_addressed_to(line: GatewayLine) -> None:
    sender = line._registry.parties["ehr"]
    [nav] = line.destinations(known(MessageKind.SYKMELDING, ("orgnr", "313000001")), MODEL, sender)
    assert (nav.party, nav.recipient, nav.format, nav.purpose) == ("nav", "nav", "nav-sykmelding", "benefit")


def test_what_is_addressed_goes_to_the_party_that_it_names_and_to_no_other(line: GatewayLine) -> None:
    sender = line._registry.parties["nav"]
    [ehr] = line.destinations(known(MessageKind.NAV_REQUEST, ("her", "990001")), MODEL, sender)
    assert (ehr.party, ehr.recipient, ehr.format) == ("ehr", "certifier", "fhir")
    for nobody in ((), (("her", "990099"),), (("her", ""),), (("orgnr", "990001"),)):
        with pytest.raises(NotAcceptable, match="no recipient"):
            line.destinations(known(MessageKind.NAV_REQUEST, *nobody), MODEL, sender)


def test_a_party_is_reached_only_in_a_role_that_the_way_leads_to(line: GatewayLine) -> None:
    sender = line._registry.parties["nav"]
    with pytest.raises(NotAcceptable, match="no recipient"):
        line.destinations(known(MessageKind.NAV_REQUEST, ("orgnr", "313000001")), MODEL, sender)


def test_a_record_that_no_format_of_the_party_has_a_place_for_is_refused(line: GatewayLine) -> None:
    sender = line._registry.parties["ehr"]
    with pytest.raises(NotAcceptable, match="has a place for a Strange"):
        line.destinations(known(MessageKind.SYKMELDING), "Strange", sender)


def test_an_act_leads_to_the_employer_it_names_and_a_strange_number_to_nobody(line: GatewayLine) -> None:
    example = ROOT / "mappings/nav/sykmelding/examples/01-graded-with-adaptations.in.xml"
    note = line.again(example.read_bytes(), "nav-sykmelding").record
    to = line.by_act(note, "313000001")
    assert to is not None
    assert (to.party, to.recipient, to.format) == ("employer", Role.EMPLOYER, "nav-employer")
    assert line.by_act(note, "315000009") is None
    assert line.by_act(note, "") is None
    assert line.by_act(replace(note, patient=replace(note.patient, id=None)), "313000001") is None


def test_a_party_may_send_only_the_kinds_that_the_register_lists(line: GatewayLine) -> None:
    example = ROOT / "mappings/nav/sykmelding/examples/01-graded-with-adaptations.in.xml"
    with pytest.raises(NotAcceptable, match="may not send messages of the kind sykmelding"):
        line.admit(example.read_bytes(), "nav-sykmelding", "employer")


def test_a_scan_of_a_sheet_is_read_and_not_forwarded(line: GatewayLine) -> None:
    example = ROOT / "mappings/nav/papirsykmelding/examples/01-full-then-graded.in.xml"
    with pytest.raises(NotAcceptable, match="a note on paper is read here and not forwarded") as refusal:
        line.admit(example.read_bytes(), "nav-papirsykmelding", "ehr")
    assert [issue.mend for issue in refusal.value.issues] == [
        "send NAV the sheet, or write the note in the record system"
    ]


def test_a_note_that_nav_rejects_is_looked_at_when_it_is_on_paper(line: GatewayLine) -> None:
    example = ROOT / "mappings/nav/sykmelding/examples/01-graded-with-adaptations.in.xml"
    text = example.read_text("utf-8").replace("<ho:Sykmeldingsgrad>60<", "<ho:Sykmeldingsgrad>100<")
    with pytest.raises(NotAcceptable, match="NAV rejects this"):
        line.admit(text.encode(), "nav-sykmelding", "ehr")
    told = line.admit(text.encode(), "nav-sykmelding", "ehr", paper=True).issues
    assert any("has a person look at this by its rule GRADERT_SYKMELDING_OVER_99_PROSENT" in one.what for one in told)
