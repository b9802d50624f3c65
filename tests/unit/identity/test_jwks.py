"""Published keys: rotation, a bounded number of fetches, an issuer that is away, and the HTTP fetch itself."""

import asyncio
import json

import httpx
import pytest
import respx
from identity_actors import ISSUER, Published, World, run
from joserfc.jwk import ECKey

from gateway.core.errors import Busy
from gateway.edge.identity import Unidentified
from gateway.edge.identity.jwks import LARGEST, fetching

URL = f"{ISSUER}/jwks"


@pytest.fixture
def world():
    return World()


def call(world):
    return world.call(world.headers(world.token()))


def rotate(world, kid="k2"):
    world.key = ECKey.generate_key("P-256", parameters={"kid": kid})
    world.published.publish(URL, world.key)


def with_new_key(world, kid="k2"):
    return world.headers(world.token(header={"kid": kid}))


def test_keys_are_fetched_once_and_kept(world):
    for _ in range(5):
        call(world)
    assert world.published.fetched == [URL]


def test_a_new_key_is_fetched_when_a_token_names_it(world):
    call(world)
    rotate(world)
    world.clock.now += 31
    assert world.call(with_new_key(world)).party.id == "ehr"
    assert len(world.published.fetched) == 2


def test_a_withdrawn_key_stops_counting_once_the_set_is_fetched_anew(world):
    old = world.token()
    call(world)
    rotate(world)
    world.clock.now += 200
    assert world.call(world.headers(old))  # still within the kept set
    world.clock.now += 401
    stale = World.token(world, header={"kid": "k1"}, key=ECKey.generate_key("P-256"))
    with pytest.raises(Unidentified):
        world.call(world.headers(stale))


def test_invented_key_ids_cause_no_more_than_one_fetch_each_half_minute(world):
    call(world)
    for number in range(50):
        with pytest.raises(Unidentified):
            world.call(with_new_key(world, f"invented-{number}"))
    assert len(world.published.fetched) <= 2


def test_kept_keys_serve_while_the_issuer_is_away_but_not_for_ever(world):
    call(world)
    world.published.bodies.clear()
    world.clock.now += 3600
    call(world)
    world.clock.now += 86_400
    with pytest.raises(Busy):
        call(world)


def test_an_issuer_that_was_never_reached_is_busy_and_not_trusted(world):
    world.published.bodies.clear()
    with pytest.raises(Busy):
        call(world)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"keys":[]}', b"[" * 100_000, b"\xff"])
def test_an_issuer_that_gives_nonsense_is_one_that_is_away(world, body):
    world.published.bodies[URL] = body
    with pytest.raises(Busy):
        call(world)


def test_many_requests_at_once_fetch_once(world):
    async def many():
        await asyncio.gather(*(world.keys.keys(URL, "k1") for _ in range(20)))

    run(many())
    assert world.published.fetched == [URL]


def fetch(url=URL):
    async def once():
        async with httpx.AsyncClient() as client:
            return await fetching(client)(url)

    return run(once())


@respx.mock
def test_the_fetch_gives_the_body():
    body = json.dumps({"keys": []}).encode()
    route = respx.get(URL).respond(content=body)
    assert fetch() == body
    assert route.calls.last.request.headers["accept"] == "application/json"


@respx.mock
@pytest.mark.parametrize("status", [301, 302, 404, 500])
def test_the_fetch_follows_no_redirect_and_takes_no_error_for_keys(status):
    respx.get(URL).respond(status, headers={"Location": "https://attacker.example/jwks"})
    with pytest.raises(OSError, match="did not give it"):
        fetch()


@respx.mock
def test_the_fetch_is_bounded():
    respx.get(URL).respond(content=b"x" * (LARGEST + 1))
    with pytest.raises(OSError, match="too large"):
        fetch()


@respx.mock
def test_a_broken_connection_is_an_issuer_that_is_away(world):
    respx.get(URL).mock(side_effect=httpx.ConnectError)

    async def once():
        async with httpx.AsyncClient() as client:
            world.keys._fetch = fetching(client)
            await world.keys.keys(URL, "k1")

    with pytest.raises(Busy):
        run(once())


def test_keys_are_not_fetched_without_tls():
    with pytest.raises(OSError, match="https only"):
        fetch("http://issuer.example/jwks")


def test_what_stands_for_the_network_here_is_away_unless_told_otherwise():
    with pytest.raises(OSError, match="away"):
        run(Published()(URL))
