"""Whatever bytes come, each reader at the edge answers with a foreseen error, soon. Longer with `make fuzz`."""

import contextlib
import gzip
import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from identity_actors import NOW, World, b64, compact, keys, run
from joserfc.jwk import ECKey
from long_runs import times

from gateway.core.errors import Busy, SamspillError
from gateway.edge.identity import Unidentified, mtls
from gateway.edge.identity.registry import read
from gateway.edge.identity.scopes import both, grants, split
from gateway.edge.identity.tokens import Expected, peek, public_keys, validate
from gateway.edge.seal import SealBroken, cms, helseid, payload, xmldsig
from gateway.edge.trust import Revocation, Untrusted

KEY = ECKey.generate_key("P-256", parameters={"kid": "k1"})
EXPECTED = Expected("https://i", frozenset({"a"}), frozenset({"ES256"}), frozenset({"at+jwt", ""}), 600)
HEAD = b'<MsgHead xmlns="http://www.kith.no/xmlstds/msghead/2006-05-24">%s</MsgHead>'
SIGNATURE = b'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#">%s</Signature>'

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
claim_sets = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("iss", "aud", "exp", "iat", "nbf", "sub", "cnf", "client_id", "scope"), json_values)
)
headers = st.fixed_dictionaries({}, optional=dict.fromkeys(("alg", "typ", "kid", "jwk", "crit"), json_values))
asn1 = st.recursive(
    st.binary(max_size=20).map(lambda body: b"\x04" + bytes([len(body)]) + body)
    | st.sampled_from([bytes.fromhex("06092a864886f70d010703"), bytes.fromhex("06092a864886f70d010702"), b"\x05\x00"]),
    lambda inner: st.builds(
        lambda tag, parts: bytes([tag, 0x80]) + b"".join(parts) + b"\x00\x00",
        st.sampled_from([0x30, 0x31, 0xA0, 0xA1, 0x24]),
        st.lists(inner, max_size=4),
    ),
    max_leaves=20,
)


def tokens_of(data):
    header, claims = data.draw(headers), data.draw(claim_sets)
    return data.draw(st.text(max_size=60) | st.just(compact(header, claims, data.draw(st.binary(max_size=70)))))


def try_token(data):
    token = tokens_of(data)
    for attempt in (lambda: peek(token), lambda: validate(token, keys(KEY), EXPECTED, NOW)):
        with_foreseen(attempt, Unidentified)


def try_request(data):
    world = World()
    token = data.draw(st.just(world.token()) | st.text(max_size=40) | st.just(tokens_of(data)))
    proof = data.draw(st.just(world.proof(token)) | st.text(max_size=40) | st.just(tokens_of(data)))
    scheme = data.draw(st.sampled_from(["DPoP", "Bearer", "bearer", ""]))
    lines = [("authorization", f"{scheme} {token}"), ("dpop", proof)]
    with_foreseen(lambda: run(world.identify(lines, "POST", data.draw(st.text(max_size=20)))), (Unidentified, Busy))


def try_keys(data):
    published = data.draw(json_values | st.fixed_dictionaries({"keys": st.lists(json_values, max_size=5)}))
    with_foreseen(lambda: public_keys(published), ValueError)


def try_cms(data):
    raw = data.draw(st.binary(max_size=200) | asn1)
    with_foreseen(lambda: cms.unseal(raw, []), SealBroken)
    with_foreseen(lambda: cms.verify(raw, []), SealBroken)


def try_xml(data):
    inner = data.draw(st.binary(max_size=80) | st.binary(max_size=80).map(lambda part: SIGNATURE % part))
    raw = data.draw(st.just(inner) | st.just(HEAD % inner))
    peer = payload.Peer((), ())
    for attempt in (
        lambda: xmldsig.verify(raw, []),
        lambda: helseid.token(raw),
        lambda: payload.open_(raw, (), peer),
        lambda: payload._gunzip(gzip.compress(raw)[: data.draw(st.integers(0, 60))]),
    ):
        with_foreseen(attempt, SealBroken)


def try_certificate(data):
    raw = data.draw(st.binary(max_size=120) | st.text(max_size=60))
    with_foreseen(lambda: mtls.read(raw), Unidentified)
    pem = f"-----BEGIN CERTIFICATE-----\n{b64(data.draw(st.binary(max_size=60)))}\n-----END CERTIFICATE-----\n"
    with_foreseen(lambda: mtls.read(pem), Unidentified)


def try_registry(data):
    text = data.draw(st.text(max_size=120) | json_values.map(json.dumps))
    read({"parties.yaml": text}, no_certificate)
    read({"parties.yaml": json.dumps({"parties": {"a": data.draw(json_values)}, "issuers": {}})}, no_certificate)


def try_scopes(data):
    words = st.sampled_from(
        ["system/Bundle.c", "system/*.cruds", "system/Bundle.", "patient/*.*", "x", "system/Bundle.c?a"]
    )
    one, two = frozenset(data.draw(st.lists(words))), frozenset(data.draw(st.lists(words)))
    assert all(grants(one, scope) and grants(two, scope) for scope in both(one, two) if not scope.endswith("."))
    split(data.draw(json_values))


def no_certificate(_name):
    raise OSError


def with_foreseen(attempt, foreseen):
    began = time.process_time()
    with contextlib.suppress(foreseen):
        attempt()
    assert time.process_time() - began < 1


READERS = {
    "tokens": try_token,
    "requests": try_request,
    "published keys": try_keys,
    "sealed and signed bytes": try_cms,
    "signed XML": try_xml,
    "client certificates": try_certificate,
    "the registry": try_registry,
    "scopes": try_scopes,
}


def tried(reader, examples):
    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.data())
    def each(data):
        READERS[reader](data)

    each()


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_at_the_edge_answers_any_input_with_a_foreseen_error(reader):
    tried(reader, 40)


@pytest.mark.fuzz
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("reader", READERS)
def test_a_reader_at_the_edge_answers_very_many_inputs_with_a_foreseen_error(reader):
    tried(reader, times(20))


def test_revocation_answers_of_any_bytes_are_refused():
    world = Revocation()

    @settings(max_examples=60, deadline=None, database=None)
    @given(st.binary(max_size=100) | asn1)
    def each(raw):
        for attempt in (lambda: world.add_list(raw, None, None), lambda: world.add_answer(raw, None, None, None)):
            with pytest.raises(Untrusted):
                attempt()

    each()
    assert issubclass(Untrusted, SamspillError)
