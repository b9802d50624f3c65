"""From requests to parties: SMART, HelseID and Maskinporten tokens, and requests that prove two things or none."""

import pytest
from identity_actors import NOW, ORGANISATION, Authority, World, issuer, party, pem

from gateway.core.vocabulary import MessageKind, Role
from gateway.edge.identity import Unidentified
from gateway.edge.identity.parties import Client, IssuerKind
from gateway.edge.trust import Untrusted

HELSEID_ORGANISATION = "helseid://claims/client/claims/orgnr_parent"
SUPPLIER = "313000001"


def refused(world, headers, **how):
    with pytest.raises(Unidentified) as caught:
        world.call(headers, **how)
    return caught.value.why


def consumer(number, authority="iso6523-actorid-upis", scheme="0192:"):
    return {"authority": authority, "ID": scheme + number}


@pytest.fixture
def world():
    return World()


@pytest.fixture
def helseid():
    return World(issuers=[issuer(kind=IssuerKind.HELSEID)])


@pytest.fixture
def maskinporten():
    return World(party(suppliers=frozenset({SUPPLIER})), issuers=[issuer(kind=IssuerKind.MASKINPORTEN)])


def test_a_caller_gets_no_more_than_the_registry_allows_whatever_the_token_grants():
    world = World(party(scopes=("system/Bundle.c", "system/Task.r")))
    caller = world.call(world.headers(world.token(scope="system/*.cruds samspill:console")))
    assert caller.scopes == {"system/Bundle.c", "system/Task.r"}


def test_helseid_tokens_name_the_clients_organisation(helseid):
    token = helseid.token(**{HELSEID_ORGANISATION: ORGANISATION})
    assert helseid.call(helseid.headers(token)).party.organisation == ORGANISATION
    for other in (SUPPLIER, None, int(ORGANISATION), [ORGANISATION]):
        token = helseid.token(**{HELSEID_ORGANISATION: other})
        assert "another organisation" in refused(helseid, helseid.headers(token))


def test_the_person_who_is_logged_in_is_known_and_stays_out_of_sight(helseid):
    number = "13897012345"
    token = helseid.token(**{HELSEID_ORGANISATION: ORGANISATION, "helseid://claims/identity/pid": number})
    caller = helseid.call(helseid.headers(token))
    assert caller.person == number
    assert number not in repr(caller)


def test_maskinporten_tokens_name_the_consumer(maskinporten):
    token = maskinporten.token(consumer=consumer(ORGANISATION), sub=None)
    assert maskinporten.call(maskinporten.headers(token)).party.id == "ehr"


CONSUMERS = {
    "another": consumer(SUPPLIER),
    "none": None,
    "another authority": consumer(ORGANISATION, authority="other"),
    "another scheme": consumer(ORGANISATION, scheme="0007:"),
    "a text": "0192:" + ORGANISATION,
    "a number": {"authority": "iso6523-actorid-upis", "ID": 1},
}


@pytest.mark.parametrize("name", CONSUMERS)
def test_another_consumer_is_refused(maskinporten, name):
    token = maskinporten.token(consumer=CONSUMERS[name])
    assert "another organisation" in refused(maskinporten, maskinporten.headers(token))


def test_a_supplier_acts_only_for_a_party_that_has_named_it(maskinporten):
    token = maskinporten.token(consumer=consumer(ORGANISATION), supplier=consumer(SUPPLIER))
    assert maskinporten.call(maskinporten.headers(token)).party.id == "ehr"
    for other in (consumer("310000000"), "text"):
        token = maskinporten.token(consumer=consumer(ORGANISATION), supplier=other)
        assert "supplier" in refused(maskinporten, maskinporten.headers(token))


def test_an_unknown_client_is_nobody(world):
    assert "no party" in refused(world, world.headers(world.token("stranger")))


def test_a_client_at_one_issuer_is_nobody_at_another():
    two = [issuer(), issuer(id="https://other.example")]
    world = World(party(clients=(Client("https://other.example", "client-ehr"),)), issuers=two)
    assert "no party" in refused(world, world.headers(world.token()))


def test_an_unknown_issuer_causes_no_fetch(world):
    for iss in ("https://attacker.example", None, 7, ["x"]):
        assert "issuer" in refused(world, world.headers(world.token(iss=iss)))
    assert world.published.fetched == []


def test_a_request_that_proves_nothing_is_asked_to(world):
    with pytest.raises(Unidentified) as caught:
        world.call([])
    assert caught.value.headers == (("WWW-Authenticate", "Bearer"),)


def test_a_request_with_two_proofs_is_refused(world):
    one = world.headers(world.token())
    for headers in (one + one[:1], one + one[1:], [*one, ("Authorization", "Bearer x")], [*one, ("DPoP", "x")]):
        assert "two proofs" in refused(world, headers)


@pytest.mark.parametrize("value", ["", "Basic eDp5", "Bearer", "Bearer ", "DPoP", "bearer\tx", "Negotiate x"])
def test_other_authorization_is_refused(world, value):
    assert "no access token" in refused(world, [("authorization", value)])


def test_an_untrusted_certificate_refuses_the_request_even_with_a_good_token():
    def distrust(_certificate, _purpose):
        raise Untrusted("the certificate is revoked")

    world = World(trust=distrust)
    own, _key = Authority().issue()
    assert "revoked" in refused(world, world.headers(world.token()), certificate=pem(own))


def test_what_is_said_to_an_unidentified_caller_fits_in_a_header(world):
    with pytest.raises(Unidentified) as caught:
        world.call(world.headers(world.token(exp=NOW - 100)))
    (name, value), *_rest = caught.value.headers
    assert name == "WWW-Authenticate"
    assert value == 'Bearer error="invalid_token", error_description="the token has expired"'
    assert value.isascii()


def test_a_party_sends_only_its_kinds_in_its_roles_for_its_organisations():
    ehr = party()
    assert ehr.may_send(MessageKind.SYKMELDING, Role.CERTIFIER, ORGANISATION)
    assert not ehr.may_send(MessageKind.DIALOGMELDING, Role.CERTIFIER, ORGANISATION)
    assert not ehr.may_send(MessageKind.SYKMELDING, Role.NAV, ORGANISATION)
    assert not ehr.may_send(MessageKind.SYKMELDING, Role.CERTIFIER, SUPPLIER)
    assert not ehr.may_send(MessageKind.SYKMELDING, Role.CERTIFIER, "")
