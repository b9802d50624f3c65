"""Who signed a message with HelseID, by the token that it carries."""

import base64

import pytest
from identity_actors import ISSUER, NOW, World, issuer, run, signed
from joserfc.jwk import ECKey

from gateway.core.errors import Busy
from gateway.edge.identity.parties import IssuerKind
from gateway.edge.identity.signer import MessageSigners, Signers
from gateway.edge.seal import SealBroken

LEVEL = "helseid://claims/identity/security_level"
PID = "helseid://claims/identity/pid"


def synthetic():
    """A well-formed number of Tenor's series: 1 January 1970, month plus 80, with its check digits."""
    for individual in range(100, 999):
        nine = f"018170{individual}"
        first = -sum(w * int(d) for w, d in zip((3, 7, 6, 1, 8, 9, 4, 5, 2), nine, strict=True)) % 11
        second = -sum(w * int(d) for w, d in zip((5, 4, 3, 2, 7, 6, 5, 4, 3, 2), f"{nine}{first}", strict=False)) % 11
        if first < 10 and second < 10:
            return f"{nine}{first}{second}"
    raise AssertionError


SIGNER = synthetic()


@pytest.fixture
def world():
    return World(issuers=[issuer(kind=IssuerKind.HELSEID)])


def carrying(token, times=1):
    attached = (
        "<Document><RefDoc><MimeType>application/jwt</MimeType><Content>"
        '<Base64Container xmlns="http://www.kith.no/xmlstds/base64container">'
        f"{base64.b64encode(token.encode()).decode()}</Base64Container></Content></RefDoc></Document>"
    )
    return f'<MsgHead xmlns="http://www.kith.no/xmlstds/msghead/2006-05-24">{attached * times}</MsgHead>'.encode()


def token(world, header=None, key=None, **changes):
    claims = {
        "iss": ISSUER,
        "aud": "nav:sign-message",
        "scope": ["nav:sign-message/msghead"],
        "iat": NOW - 10,
        "exp": NOW + 100,
        LEVEL: "4",
        PID: SIGNER,
        **changes,
    }
    stated = {"alg": "ES256", "typ": "at+jwt", "kid": "k1", **(header or {})}
    return signed(stated, {name: value for name, value in claims.items() if value is not None}, key or world.key)


def signer(world, raw, at=NOW):
    return run(Signers(issuer(kind=IssuerKind.HELSEID), world.keys).of(raw, at))


def test_the_signer_is_named_and_stays_out_of_sight(world):
    found = signer(world, carrying(token(world)))
    assert found.person == SIGNER
    assert SIGNER not in repr(found)


def test_a_message_without_a_token_has_no_such_signer(world):
    assert signer(world, carrying("", times=0)) is None
    assert world.published.fetched == []


BAD = {
    "for another audience": {"aud": "https://gateway.example"},
    "for another use": {"scope": "nav:sign-message"},
    "without scope": {"scope": None},
    "at a lower level": {LEVEL: "3"},
    "with a level that is a number": {LEVEL: 4},
    "without a level": {LEVEL: None},
    "without a person": {PID: None},
    "with a person that is none": {PID: "12345678901"},
    "with a person that is a number": {PID: int(SIGNER)},
    "that has expired": {"exp": NOW - 60},
    "of another issuer": {"iss": "https://attacker.example"},
    "of another type": {"header": {"typ": "dpop+jwt"}},
    "by an unknown key": {"key": ECKey.generate_key("P-256", parameters={"kid": "k1"})},
}


@pytest.mark.parametrize("name", BAD)
def test_a_token_that_does_not_make_a_signer_is_refused_without_saying_whose_it_is(world, name):
    with pytest.raises(SealBroken) as caught:
        signer(world, carrying(token(world, **BAD[name])))
    assert SIGNER not in caught.value.reason + str(caught.value)


def test_no_token_and_two_tokens_are_refused(world):
    for raw in (carrying("x"), carrying(token(world), times=2)):
        with pytest.raises(SealBroken):
            signer(world, raw)


def test_when_the_issuers_keys_are_away_the_message_waits(world):
    world.published.bodies.clear()
    with pytest.raises(Busy):
        signer(world, carrying(token(world)))


def named(raw, number, kind="FNR"):
    """The message with a health professional as its sender."""
    sender = (
        "<MsgInfo><Sender><Organisation><HealthcareProfessional>"
        f"<Ident><Id>7125186</Id><TypeId V='HPR'/></Ident><Ident><Id>{number}</Id><TypeId V='{kind}'/></Ident>"
        "</HealthcareProfessional></Organisation></Sender></MsgInfo>"
    )
    return raw.replace(b'2006-05-24">', b'2006-05-24">' + sender.encode(), 1)


def checked(world, raw, *issuers):
    given = issuers or (issuer(kind=IssuerKind.HELSEID), issuer(id="https://other.example"))
    return run(MessageSigners(given, world.keys, world.clock)(raw))


def test_a_message_is_held_against_the_token_that_it_carries(world):
    raw = carrying(token(world))
    assert checked(world, raw).person == SIGNER
    assert checked(world, named(raw, SIGNER)).person == SIGNER
    assert checked(world, carrying("", times=0)) is None
    assert checked(world, b"<Other/>") is None


def test_a_token_of_another_person_than_the_sender_is_refused(world):
    for kind in ("FNR", "DNR"):
        with pytest.raises(SealBroken) as caught:
            checked(world, named(carrying(token(world)), "11827020089", kind))
        assert "another person" in caught.value.reason
        assert SIGNER not in caught.value.reason
    assert checked(world, named(carrying(token(world)), "7125186", "HPR")).person == SIGNER


@pytest.mark.parametrize(
    "claims", [{"iss": "https://attacker.example"}, {"iss": "https://other.example"}, {"iss": None}]
)
def test_a_token_of_an_issuer_that_is_no_helseid_here_is_refused_and_nobody_is_asked(world, claims):
    with pytest.raises(SealBroken):
        checked(world, carrying(token(world, **claims)))
    with pytest.raises(SealBroken):
        checked(world, carrying(token(world)), issuer())
    assert world.published.fetched == []
