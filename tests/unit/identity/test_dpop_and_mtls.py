"""DPoP (RFC 9449) with nonce and replay store, certificate-bound tokens (RFC 8705), and the replay store itself."""

import pytest
from cryptography.hazmat.primitives import hashes
from identity_actors import AUDIENCE, NOW, URL, Authority, Clock, World, b64, compact, issuer, party, pem, run
from joserfc.jwk import ECKey, OctKey

from gateway.core.errors import Busy
from gateway.edge.identity import Unidentified, mtls
from gateway.edge.identity.dpop import digest, same_url
from gateway.edge.identity.parties import Binding
from gateway.edge.identity.replay import NONCE_LIFE, MemoryReplayStore, Nonces


@pytest.fixture
def world():
    return World()


def refused(world, headers, **how):
    with pytest.raises(Unidentified) as caught:
        world.call(headers, **how)
    return caught.value


def test_a_bound_token_with_its_proof_names_the_party(world):
    caller = world.call(world.headers(world.token()))
    assert (caller.party.id, caller.scopes, caller.proof) == ("ehr", {"system/Bundle.c"}, "smart")


PROOFS = {
    "another method": {"htm": "GET"},
    "another URL": {"htu": f"{AUDIENCE}/fhir/Consent"},
    "another host": {"htu": "https://attacker.example/fhir/$process-message"},
    "no URL": {"htu": None},
    "a URL that is none": {"htu": "https://[x"},
    "user information in the URL": {"htu": "https://a@gateway.example/fhir/$process-message"},
    "another token": {"ath": digest("other")},
    "no token digest": {"ath": None},
    "a token digest that is no text": {"ath": 1},
    "too old": {"iat": NOW - 61},
    "from the future": {"iat": NOW + 61},
    "no time": {"iat": None},
    "no id": {"jti": None},
    "an empty id": {"jti": ""},
    "a long id": {"jti": "x" * 257},
    "an id that is no text": {"jti": 7},
}


@pytest.mark.parametrize("name", PROOFS)
def test_a_proof_for_something_else_is_refused(world, name):
    error = refused(world, world.headers(world.token(), **PROOFS[name]))
    assert error.error == "invalid_dpop_proof"
    assert error.headers[0][1].startswith('DPoP error="invalid_dpop_proof"')


HEADERS = {
    "another type": {"typ": "JWT"},
    "no key": {"jwk": None},
    "a key id beside the key": {"kid": "k1"},
    "a private key": {"jwk": ECKey.generate_key("P-256").as_dict(private=True)},
    "a symmetric key": {"jwk": OctKey.generate_key(256).as_dict()},
    "another's key": {"jwk": ECKey.generate_key("P-256").as_dict(private=False)},
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_proof_with_an_unfit_header_is_refused(world, name):
    token = world.token()
    jwk = world.holder.as_dict(private=False)
    header = {"alg": "ES256", "typ": "dpop+jwt", "jwk": jwk, **HEADERS[name]}
    proof = world.proof(token)
    forged = ".".join([compact({k: v for k, v in header.items() if v}, {}).split(".")[0], *proof.split(".")[1:]])
    assert refused(world, [("authorization", f"DPoP {token}"), ("dpop", forged)]).error == "invalid_dpop_proof"


def test_a_proof_with_alg_none_is_refused(world):
    token = world.token()
    header = {"alg": "none", "typ": "dpop+jwt", "jwk": world.holder.as_dict(private=False)}
    forged = compact(header, {"htm": "POST", "htu": URL, "iat": NOW, "jti": "x", "ath": digest(token)})
    assert refused(world, [("authorization", f"DPoP {token}"), ("dpop", forged)])


def test_a_replayed_proof_is_refused(world):
    headers = world.headers(world.token())
    assert world.call(headers)
    assert "used before" in refused(world, headers).why


def test_a_proof_without_our_nonce_is_told_the_nonce(world):
    for nonce in (None, "old", 1, "é"):
        error = refused(world, world.headers(world.token(), nonce=nonce))
        assert error.error == "use_dpop_nonce"
        assert ("DPoP-Nonce", world.nonces.current()) in error.headers


def test_a_proof_that_was_refused_for_its_nonce_is_not_counted_as_used(world):
    token = world.token()
    refused(world, world.headers(token, nonce=None, jti="one"))
    assert world.call(world.headers(token, jti="one"))


def test_a_stolen_token_is_worth_nothing_without_its_key(world):
    token = world.token()
    thief = ECKey.generate_key("P-256")
    assert "another key" in refused(world, world.headers(token, key=thief)).why
    assert refused(world, [("authorization", f"DPoP {token}")])
    assert refused(world, [("authorization", f"Bearer {token}")])
    assert refused(world, [("authorization", f"Bearer {token}"), ("dpop", world.proof(token))])


def test_an_unbound_token_is_refused_where_its_issuer_must_bind(world):
    token = world.token(cnf=None)
    for headers in (world.headers(token), [("authorization", f"Bearer {token}")]):
        assert "not bound" in refused(world, headers).why


@pytest.mark.parametrize("cnf", ["text", {"jwk": {}}, {"jkt": "x", "other": 1}, {"jkt": 1}, {"jkt": None}])
def test_a_token_bound_in_an_unknown_way_is_refused(world, cnf):
    assert refused(world, world.headers(world.token(cnf=cnf)))


def test_a_token_that_is_bound_in_one_more_way_than_is_known_is_refused(world):
    token = world.token(cnf={"jkt": world.holder.thumbprint(), "osc": {}})
    assert "not known" in refused(world, world.headers(token)).why


def test_a_bearer_token_is_accepted_only_where_the_issuer_is_marked_so():
    world = World(issuers=[issuer(binding=Binding.BEARER)])
    assert world.call([("authorization", f"Bearer {world.token(cnf=None)}")]).party.id == "ehr"
    assert refused(world, [("authorization", f"DPoP {world.token(cnf=None)}")])


def test_urls_are_compared_in_normal_form():
    assert same_url("HTTPS://Gateway.example:443/fhir", "https://gateway.example/fhir?x=1#y")
    assert same_url("https://gateway.example", "https://gateway.example/")
    assert not same_url("http://gateway.example/fhir", "https://gateway.example/fhir")
    assert not same_url("https://gateway.example/fhir/", "https://gateway.example/fhir")
    assert not same_url("https://gateway.example/FHIR", "https://gateway.example/fhir")


def bound(one):
    return {"x5t#S256": mtls.thumbprint(one)}


def test_a_certificate_bound_token_is_accepted_over_its_own_certificate_only():
    own, _key = Authority().issue()
    other, _other_key = Authority().issue()
    world = World(party(transport=(own,)), issuers=[issuer(binding=Binding.MTLS)])
    headers = [("authorization", f"Bearer {world.token(cnf=bound(own))}")]
    assert world.call(headers, certificate=pem(own)).party.id == "ehr"
    assert "another client certificate" in refused(world, headers, certificate=pem(other)).why
    assert "connection has none" in refused(world, headers).why
    for wrong in (1, "é", ""):
        token = world.token(cnf={"x5t#S256": wrong})
        assert refused(world, [("authorization", f"Bearer {token}")], certificate=pem(own))


def test_a_token_over_another_partys_connection_is_refused():
    own, _key = Authority().issue()
    world = World(party(), party("other", clients=(), transport=(own,)))
    assert "different parties" in refused(world, world.headers(world.token()), certificate=pem(own)).why


def test_a_party_is_known_by_its_certificate_alone():
    own, _key = Authority().issue()
    stranger, _other = Authority().issue()
    world = World(party("nav", transport=(own,), scopes=("samspill:nav/messages.write",)))
    caller = world.call([], certificate=pem(own))
    assert (caller.party.id, caller.scopes, caller.proof) == ("nav", {"samspill:nav/messages.write"}, "mtls")
    assert "no party" in refused(world, [], certificate=pem(stranger)).why


@pytest.mark.parametrize("text", ["x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_certificate_that_cannot_be_read_is_refused(world, text):
    assert "cannot be read" in refused(world, [], certificate=text).why


def test_two_certificates_in_one_place_are_refused(world):
    own, _key = Authority().issue()
    assert refused(world, [], certificate=pem(own) * 2)


def test_nonces_hold_for_this_period_and_the_one_before():
    clock = Clock()
    nonces = Nonces(b"s" * 32, clock)
    first = nonces.current()
    assert nonces.holds(first)
    clock.now += NONCE_LIFE
    assert nonces.holds(first)
    assert nonces.current() != first
    clock.now += NONCE_LIFE
    assert not nonces.holds(first)
    assert not Nonces(b"t" * 32, clock).holds(nonces.current())
    with pytest.raises(ValueError, match="32 bytes"):
        Nonces(b"short", clock)


def test_the_replay_store_refuses_rather_than_forget():
    clock = Clock()
    used = MemoryReplayStore(clock, size=2)
    assert run(used.first("a", clock.now + 10))
    assert not run(used.first("a", clock.now + 10))
    assert run(used.first("b", clock.now + 20))
    with pytest.raises(Busy):
        run(used.first("c", clock.now + 10))
    clock.now += 11
    assert run(used.first("c", clock.now + 10))
    assert not run(used.first("b", clock.now + 10))


def test_the_thumbprint_is_that_of_rfc_8705():
    own, _key = Authority().issue()
    assert mtls.thumbprint(own) == b64(own.fingerprint(hashes.SHA256()))
