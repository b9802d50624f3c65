"""The JWT attack corpus: own vectors, after RFC 8725 and the published attacks that each names."""

import hmac
import json
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from identity_actors import AUDIENCE, ISSUER, NOW, World, b64, compact, keys, signed
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from gateway.edge.identity import Unidentified
from gateway.edge.identity.tokens import LARGEST, Expected, peek, public_key, public_keys, validate

EXPECTED = Expected(ISSUER, frozenset({AUDIENCE}), frozenset({"ES256", "RS256"}), frozenset({"at+jwt"}), 600)
KEY = ECKey.generate_key("P-256", parameters={"kid": "k1"})
RSA = RSAKey.generate_key(2048, parameters={"kid": "r1"})
HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": "k1"}
CLAIMS = {"iss": ISSUER, "aud": AUDIENCE, "iat": NOW - 10, "exp": NOW + 100, "sub": "client"}


def made(header=None, key=KEY, drop=(), **claims):
    stated = {name: value for name, value in {**HEADER, **(header or {})}.items() if value is not None}
    return signed(stated, {name: value for name, value in {**CLAIMS, **claims}.items() if name not in drop}, key)


def checked(token, key=KEY):
    return validate(token, keys(key), EXPECTED, NOW)


def test_a_token_that_is_all_it_should_be_gives_its_claims():
    assert checked(made())["sub"] == "client"
    assert checked(made(aud=["https://other.example", AUDIENCE]))["sub"] == "client"
    assert checked(made({"typ": "application/at+jwt"}))["sub"] == "client"
    assert checked(made({"alg": "RS256", "kid": "r1"}, RSA), RSA)["sub"] == "client"


def hs_with(public):
    """Key confusion (CVE-2015-9235): the public key's own text as an HMAC secret."""
    unsigned = compact({**HEADER, "alg": "HS256"}, CLAIMS).rsplit(".", 1)[0]
    return f"{unsigned}.{b64(hmac.digest(public, unsigned.encode(), 'sha256'))}"


PEM = KEY.raw_value.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
ATTACKS = {
    "alg none (CVE-2015-2951)": lambda: compact({**HEADER, "alg": "none"}, CLAIMS),
    "alg None": lambda: compact({**HEADER, "alg": "None"}, CLAIMS),
    "alg nOnE with a signature": lambda: compact({**HEADER, "alg": "nOnE"}, CLAIMS, b"x"),
    "no alg": lambda: compact({"typ": "at+jwt", "kid": "k1"}, CLAIMS, b"x"),
    "alg a list": lambda: compact({**HEADER, "alg": ["ES256"]}, CLAIMS, b"x"),
    "alg empty": lambda: compact({**HEADER, "alg": ""}, CLAIMS, b"x"),
    "HS256 with the public key": lambda: hs_with(PEM),
    "an asymmetric algorithm that is not allowed": lambda: made({"alg": "ES384"}, ECKey.generate_key("P-384")),
    "the RSA algorithm on the EC key": lambda: made({"alg": "RS256"}, RSA),
    "stripped signature": lambda: made().rsplit(".", 1)[0] + ".",
    "no third part": lambda: made().rsplit(".", 1)[0],
    "a psychic signature, r and s zero (CVE-2022-21449)": lambda: ".".join([*made().split(".")[:2], b64(bytes(64))]),
    "a signature in DER": lambda: ".".join([*made().split(".")[:2], b64(b"\x30\x06\x02\x01\x01\x02\x01\x01")]),
    "a changed claim": lambda: ".".join(
        [made().split(".")[0], b64(json.dumps({**CLAIMS, "sub": "admin"}).encode()), made().split(".")[2]]
    ),
    "another key with the same id": lambda: made(key=ECKey.generate_key("P-256", parameters={"kid": "k1"})),
    "an unknown key id": lambda: made({"kid": "k2"}),
    "a key id that is a path": lambda: made({"kid": "../../../dev/null"}),
    "its own key in the header (CVE-2018-0114)": lambda: made(
        {"jwk": (own := ECKey.generate_key("P-256")).as_dict(private=False)}, own
    ),
    "a key URL in the header": lambda: made({"jku": "https://attacker.example/jwks"}),
    "a certificate URL in the header": lambda: made({"x5u": "https://attacker.example/x"}),
    "a certificate in the header": lambda: made({"x5c": ["MIIB"]}),
    "unencoded payload (RFC 7797)": lambda: compact({**HEADER, "b64": False, "crit": ["b64"]}, CLAIMS, b"x"),
    "an unknown critical header": lambda: compact({**HEADER, "crit": ["x"], "x": 1}, CLAIMS, b"x"),
    "an encrypted token": lambda: "a.b.c.d.e",
    "a doubled claim": lambda: compact(HEADER, b'{"aud":"x","aud":"y"}', b"x"),
    "a doubled header": lambda: compact(b'{"alg":"ES256","alg":"none"}', CLAIMS, b"x"),
    "another type: an id token for an access token": lambda: made({"typ": "JWT"}),
    "another type: a proof for an access token": lambda: made({"typ": "dpop+jwt"}),
    "a type that is no text": lambda: compact({**HEADER, "typ": 1}, CLAIMS, b"x"),
    "expired": lambda: made(exp=NOW - 60),
    "expired this second beyond the leeway": lambda: made(exp=NOW - 10),
    "not yet valid": lambda: made(nbf=NOW + 60),
    "issued in the future": lambda: made(iat=NOW + 60, exp=NOW + 90),
    "no expiry": lambda: made(drop=["exp"]),
    "no issue time": lambda: made(drop=["iat"]),
    "an expiry that is a text": lambda: made(exp=str(NOW + 100)),
    "an expiry that is true": lambda: made(exp=True),
    "an expiry beyond number": lambda: compact(HEADER, b'{"exp":1e999}', b"x"),
    "an expiry that is not a number": lambda: compact(HEADER, b'{"exp":NaN}', b"x"),
    "a life too long": lambda: made(exp=NOW + 10_000),
    "no audience": lambda: made(drop=["aud"]),
    "another audience": lambda: made(aud="https://other.example"),
    "an audience that begins like ours": lambda: made(aud=AUDIENCE + ".attacker.example"),
    "an empty audience": lambda: made(aud=[]),
    "an audience that is an object": lambda: made(aud={"x": AUDIENCE}),
    "no issuer": lambda: made(drop=["iss"]),
    "another issuer": lambda: made(iss="https://attacker.example"),
    "an issuer in a list": lambda: made(iss=[ISSUER]),
    "claims that are a list": lambda: compact(HEADER, [1], b"x"),
    "claims that are no JSON": lambda: compact(HEADER, b"{", b"x"),
    "a header that is a text": lambda: compact(b'"x"', CLAIMS, b"x"),
    "nothing": lambda: "",
    "dots": lambda: "..",
    "not base64": lambda: "!.!.!",
    "not ASCII": lambda: "é.é.é",
    "white space inside": lambda: made().replace(".", ". ", 1),
    "too long": lambda: "a" * (LARGEST + 1),
    "deep nesting": lambda: compact(b"[" * 9000, CLAIMS, b"x"),
    "deep claims": lambda: compact(HEADER, b'{"a":' + b"[" * 9000, b"x"),
    "a huge number": lambda: compact(HEADER, b'{"exp":' + b"9" * 6000 + b"}", b"x"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_on_a_token_is_refused_within_a_second_and_tells_nothing(attack):
    token = ATTACKS[attack]()
    began = time.process_time()
    with pytest.raises(Unidentified) as caught:
        checked(token)
    assert time.process_time() - began < 1
    assert all(str(value) not in str(caught.value) for value in ("attacker", "client", "admin", NOW))


def signed_raw(header, payload):
    """A token that is validly signed over JSON that no library would write."""
    parts = f"{b64(header)}.{b64(payload)}"
    return f"{parts}.{b64(jws.JWSRegistry.algorithms['ES256'].sign(parts.encode(), KEY))}"


PLAIN_HEADER, PLAIN_CLAIMS = json.dumps(HEADER).encode(), json.dumps(CLAIMS).encode()
ODD_JSON = {
    "a doubled claim": (PLAIN_HEADER, PLAIN_CLAIMS[:-1] + b',"sub":"other"}'),
    "a doubled claim further in": (PLAIN_HEADER, PLAIN_CLAIMS[:-1] + b',"cnf":{"jkt":"a","jkt":"b"}}'),
    "a doubled header": (PLAIN_HEADER[:-1] + b',"kid":"k1"}', PLAIN_CLAIMS),
    "a number that is none": (PLAIN_HEADER, PLAIN_CLAIMS[:-1] + b',"level":NaN}'),
    "an endless number": (PLAIN_HEADER, PLAIN_CLAIMS[:-1] + b',"level":-Infinity}'),
    "a list of claims": (PLAIN_HEADER, b"[1]"),
    "a header that is a number": (b"5", PLAIN_CLAIMS),
}


@pytest.mark.parametrize("name", ODD_JSON)
def test_odd_json_is_refused_however_well_it_is_signed(name):
    assert checked(signed_raw(PLAIN_HEADER, PLAIN_CLAIMS))
    with pytest.raises(Unidentified):
        checked(signed_raw(*ODD_JSON[name]))
    with pytest.raises(Unidentified):
        World().call([("authorization", f"DPoP {signed_raw(*ODD_JSON[name])}")])


def test_only_asymmetric_algorithms_can_be_allowed_at_all():
    for algorithms in ({"HS256"}, {"none"}, {"ES256", "HS256"}, set()):
        with pytest.raises(ValueError, match="asymmetric"):
            Expected(ISSUER, frozenset({AUDIENCE}), frozenset(algorithms), frozenset({"at+jwt"}), 600)


def test_a_token_without_key_id_is_checked_only_when_the_issuer_has_one_key():
    token = made({"kid": None})
    assert checked(token)
    with pytest.raises(Unidentified):
        validate(token, keys(KEY, ECKey.generate_key("P-256")), EXPECTED, NOW)


def test_two_keys_with_one_id_are_not_tried_in_turn():
    with pytest.raises(Unidentified):
        validate(made(), keys(KEY, ECKey.generate_key("P-256", parameters={"kid": "k1"})), EXPECTED, NOW)


def test_a_key_published_for_one_algorithm_checks_no_other():
    published = public_key({**RSA.as_dict(private=False), "alg": "PS256"})
    with pytest.raises(Unidentified):
        checked(made({"alg": "RS256", "kid": "r1"}, RSA), published)


def test_a_symmetric_key_never_checks_a_token():
    secret = OctKey.generate_key(256, parameters={"kid": "k1"})
    with pytest.raises(Unidentified):
        validate(made(), keys(secret), EXPECTED, NOW)


def test_published_sets_keep_only_public_keys_fit_for_signatures():
    numbers = rsa.generate_private_key(65537, 1024).public_key().public_numbers()  # noqa: S505
    published = {
        "keys": [
            KEY.as_dict(private=False),
            KEY.as_dict(private=True),
            OctKey.generate_key(256).as_dict(),
            {**RSA.as_dict(private=False), "use": "enc"},
            OKPKey.generate_key("Ed25519").as_dict(private=False),
            {"kty": "AKP", "kid": "post-quantum"},
            {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
            {"kty": "RSA", "e": "AQAB", "n": b64(numbers.n.to_bytes(128, "big"))},
            "text",
        ]
    }
    assert [key.key_type for key in public_keys(published)] == ["EC", "OKP"]


@pytest.mark.parametrize("published", [None, [], {}, {"keys": []}, {"keys": {}}, {"keys": [1]}, {"keys": [{}] * 51}])
def test_a_published_set_without_usable_keys_is_refused(published):
    with pytest.raises(ValueError, match="JWK Set"):
        public_keys(published)


def test_a_point_off_the_curve_is_no_key():
    jwk = KEY.as_dict(private=False)
    with pytest.raises(ValueError, match="not a public key"):
        public_key({**jwk, "x": jwk["y"], "y": jwk["x"]})


def test_peeking_proves_nothing_but_reads_header_and_claims():
    header, claims = peek(compact({"alg": "none"}, {"iss": "x"}))
    assert (header, claims) == ({"alg": "none"}, {"iss": "x"})


def test_a_token_of_the_real_line_is_accepted_by_the_same_function():
    world = World()
    assert validate(world.token(), keys(world.key), EXPECTED, NOW)["client_id"] == "client-ehr"
