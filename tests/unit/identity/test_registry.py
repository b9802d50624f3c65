"""The registry file: what it holds, and every mistake at its line and column."""

from pathlib import Path

import pytest
from identity_actors import AT, Authority, pem

from gateway.core.errors import ConfigurationError
from gateway.core.identifiers import is_synthetic_organisation
from gateway.core.vocabulary import MessageKind, Role
from gateway.edge.certs import is_example
from gateway.edge.identity.faults import of_registry
from gateway.edge.identity.parties import Binding, IssuerKind, Limits
from gateway.edge.identity.registry import load, read

ONE, _KEY = Authority().issue()
TWO, _OTHER = Authority().issue()
CERTIFICATES = {"one.pem": ONE, "two.pem": TWO}
REPOSITORY = Path(__file__).parents[3]

GOOD = """
issuers:
  https://issuer.example:
    kind: maskinporten
    jwks: https://issuer.example/jwks
    audience: [https://gateway.example]
    algorithms: [RS256, PS256]
    binding: bearer
    lifetime: 120
parties:
  employer:
    name: Havna Prøveverk
    organisation: 313000001
    her-id: 4711
    hsa-id: SE2321000016-A1B2
    roles: [employer]
    sends: [absence-export]
    for: [310000000]
    formats: [hr-csv]
    scopes: ["samspill:hr/absences.write"]
    clients:
      - issuer: https://issuer.example
        id: abc
        jwks: https://employer.example/jwks
    suppliers: [315000009]
    transport: [one.pem]
    signing: [one.pem]
    sealing: [one.pem, two.pem]
    endpoints:
      nav-employer: https://employer.example/in
    limits:
      body: 100
      per-minute: 60
      burst: 2
    legacy: yes
    compress: no
"""


def certificate(name):
    try:
        return CERTIFICATES[name]
    except KeyError:
        raise OSError(name) from None


def reading(text):
    registry, faults = read({"parties.yaml": text}, certificate)
    return registry, [str(fault) for fault in faults]


def test_a_party_is_read_with_everything_by_which_it_is_known():
    registry, faults = reading(GOOD)
    assert faults == []
    party = registry.by_client("https://issuer.example", "abc")
    assert party is registry.party("employer") is registry.by_certificate(ONE) is registry.by_her_id("4711")
    assert (party.roles, party.sends) == ({Role.EMPLOYER}, {MessageKind.ABSENCE_EXPORT})
    assert party.behalf == {"313000001", "310000000", "SE2321000016-A1B2"}
    assert (party.limits, party.legacy, party.compress) == (Limits(100, 60, 2), True, False)
    assert party.endpoints == {"nav-employer": "https://employer.example/in"}
    peer = party.peer(AT)
    assert (peer.signers, peer.recipients, peer.legacy) == ((ONE,), (ONE, TWO), True)
    issuer = registry.issuers["https://issuer.example"]
    assert (issuer.kind, issuer.binding, issuer.lifetime) == (IssuerKind.MASKINPORTEN, Binding.BEARER, 120)


def test_who_is_not_in_the_registry_is_nobody():
    registry, _faults = reading(GOOD)
    assert registry.by_client("https://issuer.example", "other") is None
    assert registry.by_client("https://other.example", "abc") is None
    assert registry.by_certificate(TWO) is None
    assert registry.by_her_id("") is None
    assert registry.party("") is None


def test_certificates_that_are_not_valid_now_are_not_offered():
    registry, _faults = reading(GOOD)
    late = registry.party("employer").peer(AT.replace(year=AT.year + 9))
    assert (late.signers, late.recipients) == ((), ())


MISTAKES = {
    "an unknown key": ("    legacy: yes", "    legasy: yes", "there is no key legasy here", "legacy"),
    "an unknown role": ("[employer]", "[employr]", "there is no roles employr", "employer"),
    "an unknown kind": ("[absence-export]", "[absence]", "there is no sends absence", ""),
    "an organisation number with a wrong digit": (
        "313000001",
        "313000002",
        "not an organisation number",
        "check digit",
    ),
    "a HER-id with letters": ("4711", "47x", "not a HER-id", "eight digits"),
    "an HSA-id that is none": ("SE2321000016-A1B2", "2321000016", "not an HSA-id", ""),
    "an http URL": ("https://employer.example/in", "http://employer.example/in", "an https URL was expected", ""),
    "a URL with a password": ("https://employer.example/in", "https://a:b@employer.example", "https URL", ""),
    "a symmetric algorithm": ("RS256, PS256", "HS256", "there is no algorithms HS256", "RS256"),
    "a kind of issuer that is none": ("kind: maskinporten", "kind: idporten", "there is no kind idporten", ""),
    "a certificate that is not there": ("[one.pem, two.pem]", "[three.pem]", "no such certificate", "PEM file"),
    "an issuer that is not there": (
        "- issuer: https://issuer.example",
        "- issuer: https://issuer.exampel",
        "a client of an issuer that is not here",
        "",
    ),
    "a number that is none": ("body: 100", "body: -1", "a whole number above zero", ""),
    "a flag that is neither": ("legacy: yes", "legacy: true", "legacy is yes or no", ""),
    "no name": ("    name: Havna Prøveverk\n", "", "employer has no name", ""),
    "no binding": ("    binding: bearer\n", "", "has no binding", ""),
    "a client without id": ("        id: abc\n", "", "a client has no id", ""),
    "a control character": ("id: abc", "id: a\x1fc", "a character stands here", "take it out"),
    "not YAML": ("parties:", "parties: {", "this is not YAML", ""),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_with_its_place(name):
    good, bad, what, mend = MISTAKES[name]
    assert good in GOOD
    _registry, faults = reading(GOOD.replace(good, bad, 1))
    found = next(fault for fault in faults if what in fault)
    file, line, column, *_rest = found.split(":")
    assert (file, int(line) > 0, int(column) > 0) == ("parties.yaml", True, True)
    assert mend in found


def test_one_proof_belongs_to_one_party():
    second = GOOD.split("parties:", 1)[1].replace("  employer:", "  other:", 1)
    _registry, faults = reading(GOOD + second)
    assert sum("employer has this" in fault for fault in faults) == 3
    assert {fault.split("has this ")[1] for fault in faults} == {
        "her-id already",
        "client already",
        "transport already",
    }


def test_a_party_or_issuer_is_named_once_over_all_files():
    _registry, faults = read({"a.yaml": GOOD, "b.yaml": GOOD}, certificate)
    said = " ".join(map(str, faults))
    assert "employer has this id already" in said
    assert "https://issuer.example has this issuer already" in said


def test_a_registry_that_is_wrong_is_not_loaded(tmp_path):
    inside = tmp_path / "certificates"
    inside.mkdir()
    for folder in (tmp_path, inside):
        (folder / "one.pem").write_text(pem(ONE))
        (folder / "two.pem").write_text(pem(TWO))
    (tmp_path / "parties.yaml").write_text(GOOD, "utf-8")
    assert load(tmp_path, inside).party("employer")
    for path in ("../two.pem", str(tmp_path / "two.pem")):
        (tmp_path / "parties.yaml").write_text(GOOD.replace("two.pem", path), "utf-8")
        with pytest.raises(ConfigurationError, match="no such certificate"):
            load(tmp_path, inside)


def test_the_registry_of_the_demo_is_sound_and_wholly_synthetic():
    registry = load(REPOSITORY / "mappings/parties", REPOSITORY / "certs/example")
    assert all(party.example for party in registry.parties.values())
    assert all(issuer.example for issuer in registry.issuers.values())
    numbers = {party.organisation for party in registry.parties.values()} - {""}
    assert all(map(is_synthetic_organisation, numbers))
    refused = of_registry(registry, is_example, demo=False)
    assert all(any(f"party {party} is an example" in fault for fault in refused) for party in registry.parties)
    assert of_registry(registry, is_example, demo=True) == ()
