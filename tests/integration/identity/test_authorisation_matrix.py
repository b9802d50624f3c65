"""Every route of the running application for every role, with a good token and each bad one; and what is others'.

The table in docs/security/authorisation.md is written from the same data; `WRITE_DOCS=1` writes it anew.
"""

import base64
import hmac
import json
import os
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from live_api import AUDIENCE, PERSON, ROLES, api

from gateway.console.app import PAGES
from gateway.console.sessions import Standing
from gateway.core.errors import Refused
from gateway.core.vocabulary import Role
from gateway.edge.http import create_upkeep, ebms
from gateway.edge.identity.access import ROUTES, Caller, Own, authorise, match, reach, role_for
from gateway.edge.identity.parties import Party
from gateway.sandbox import messages

PAGE = Path(__file__).parents[3] / "docs/security/authorisation.md"
pytestmark = pytest.mark.xdist_group("authorisation-matrix")
UPKEEP = {"/metrics", "/health/live", "/health/ready"}
REFUSALS = ("this party may not do this", "the token does not grant the scope that this needs")


def compact(header, claims, signature=b""):
    """A compact JWS put together by hand, for what no library would sign."""
    return ".".join([*(b64(json.dumps(part).encode()) for part in (header, claims)), b64(signature)])


def b64(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def parts(token):
    return [json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2]]


def key_confusion(live, role):
    public = live.issuer._key.raw_value.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header, claims = parts(live.signed(role))
    unsigned = compact({**header, "alg": "HS256"}, claims).rsplit(".", 1)[0]
    return f"{unsigned}.{b64(hmac.digest(public, unsigned.encode(), 'sha256'))}"


def alg_none(live, role):
    header, claims = parts(live.signed(role))
    return compact({**header, "alg": "none"}, claims)


TOKENS = {
    "good": lambda live, role: live.signed(role),
    "none": lambda _live, _role: "",
    "expired": lambda live, role: live.signed(role, iat=int(time.time()) - 400, exp=int(time.time()) - 100),
    "wrong audience": lambda live, role: live.signed(role, aud="https://other.example"),
    "wrong scope": lambda live, role: live.signed(role, scope="system/Patient.r"),
    "other's thing": lambda live, role: live.signed(role),
    "replayed proof": lambda live, role: live.signed(role),
    "alg none": alg_none,
    "key confusion": key_confusion,
    "stripped signature": lambda live, role: live.signed(role).rsplit(".", 1)[0] + ".",
}


def expected(access, role, attack):
    """What the table states: the HTTP status that the cell ends in (200 stands for «goes on»)."""
    if access.public:
        return 200
    if attack not in {"good", "wrong scope", "other's thing"}:
        return 401
    if role not in access.roles or attack == "wrong scope":
        return 403
    return 403 if attack == "other's thing" and access.roles[role] is not Own.ANY else 200


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    with api(tmp_path_factory.mktemp("matrix")) as running:
        running.app.include_router(ebms.router(running.gateway.services(), running.gateway.ebms_intake))
        yield running


@pytest.fixture(scope="module")
def tokens(live):
    return {(role, attack): make(live, role) for role in ROLES for attack, make in TOKENS.items()}


def asked(access, role):
    path = access.path.replace("{recipient}", role).replace("{", "").replace("}", "")
    return httpx.Request(access.method, f"{AUDIENCE}{path}")


def outcome(live, access, role, attack, token):
    """Send it; give what the table of access has to do with the answer: 401, 403, or 200 for all that comes after."""
    request = asked(access, role)
    answer = live.send_with(token, request)
    if attack == "replayed proof" and not access.public:
        answer = live.again(request)
    if any(why in answer.text for why in REFUSALS):
        assert answer.status_code == 403 or access.path.startswith("/riv-ta")
        return 403
    assert answer.status_code != 500
    return 401 if answer.status_code == 401 else 200


@pytest.mark.parametrize("access", [one for one in ROUTES if one.path not in UPKEEP], ids=str)
def test_only_the_stated_cells_pass(live, tokens, access):
    wrong = [
        f"{role} with {attack}: {found} and not {stated}"
        for (role, attack), token in tokens.items()
        if attack != "other's thing"
        if (found := outcome(live, access, role, attack, token)) != (stated := expected(access, Role(role), attack))
    ]
    assert wrong == []


def test_the_open_routes_of_operators_ask_nobody(live, tokens):
    upkeep = httpx.ASGITransport(create_upkeep(live.gateway.services()))
    for path in sorted(UPKEEP):
        for token in (tokens["officer", attack] for attack in TOKENS):
            request = httpx.Request("GET", f"{AUDIENCE}{path}", headers={"Authorization": f"DPoP {token}"})
            assert live.run(upkeep.handle_async_request(request)).status_code in {200, 503}


def test_every_role_reaches_something_or_is_nobody_who_calls():
    callers = {role for access in ROUTES for role in access.roles}
    assert set(Role) - callers == {Role.GATEWAY}


def test_whoever_is_nobody_reaches_nothing_that_is_not_open():
    for access in ROUTES:
        if not access.public:
            with pytest.raises(Refused):
                authorise(None, access)


OWNERS = {Own.PERSON: PERSON, Own.PARTY: "own", Own.ANY: "own"}


@pytest.mark.parametrize("owner", [None, "", "another", "14897012345"])
def test_what_is_not_the_callers_is_reached_only_by_who_sees_everybodys(owner):
    for access in ROUTES:
        for role, own in access.roles.items():
            party = Party(id="own", name="Ukjent", roles=frozenset({role}))
            caller = Caller(party, frozenset({access.scope}), "test", PERSON)
            assert role_for(caller, access) is role
            reach(caller, access, OWNERS[own])
            if own is Own.ANY:
                reach(caller, access, owner)
            else:
                with pytest.raises(Refused):
                    reach(caller, access, owner)


def test_a_role_that_a_route_is_not_open_to_is_no_role_for_it():
    access = match("POST", "/hr/absences")
    party = Party(id="own", name="Ukjent", roles=frozenset({Role.CERTIFIER}))
    with pytest.raises(Refused):
        role_for(Caller(party, frozenset({access.scope}), "test"), access)


# another party's things, in the running application

FHIR = {"Content-Type": "application/fhir+json"}
NUMBER = {"system": "urn:oid:2.16.578.1.12.4.1.4.1", "value": PERSON}
CONSENT = {
    "resourceType": "Consent",
    "status": "active",
    "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
    "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
    "patient": {"identifier": NUMBER},
    "performer": [{"identifier": NUMBER}],
    "dateTime": "2026-03-02",
    "provision": {"type": "deny"},
}
ANOTHER = "13897012345"


def told(live, token, method, path, **what):
    return live.send_with(token, httpx.Request(method, f"{AUDIENCE}{path}", **what))


@pytest.fixture(scope="module")
def things(live):
    """Give the address of something of each kind, and of whom it is: a message, a consent and a file."""
    given = {
        ("Task", "certifier"): ("/fhir/$process-message", {"headers": FHIR, "content": messages.load("full")}),
        ("Consent", "patient"): ("/fhir/Consent", {"headers": FHIR, "json": CONSENT}),
        ("absences", "employer"): ("/hr/absences?profile=generic-csv", {"content": b"a;b\n1;2\n"}),
    }
    found = {}
    for (kind, role), (path, what) in given.items():
        answer = told(live, live.signed(role), "POST", path, **what)
        assert answer.status_code in {201, 202}, (kind, answer.text)
        found[kind] = urlsplit(answer.headers["location"]).path.partition("/_history")[0]
    return found


OTHERS = [
    ("GET", "Task", "", {role for role in ROLES if Role(role) in match("GET", "/fhir/Task/1").roles} - {"officer"}),
    *[(method, "Consent", more, {"certifier", "caregiver", "patient"}) for method, more in (("GET", ""), ("PUT", ""))],
    ("GET", "Consent", "/_history", {"certifier", "caregiver", "patient"}),
    *[("GET", "absences", more, {"employer"}) for more in ("", "/errors.csv")],
]


@pytest.mark.parametrize(("method", "kind", "more", "roles"), OTHERS)
def test_a_thing_is_there_for_whose_it_is_and_for_nobody_else_in_any_role(live, things, method, kind, more, roles):
    owner = {"Task": "certifier", "Consent": "patient", "absences": "employer"}[kind]
    what = {"headers": {**FHIR, "If-Match": 'W/"9"'}, "json": {**CONSENT, "id": things[kind].rpartition("/")[2]}}
    what = what if method == "PUT" else {}
    path = things[kind] + more
    assert told(live, live.signed(owner), method, path, **what).status_code in {200, 412}
    for role in roles:
        token = other(live, role, known=role != owner)
        assert told(live, token, method, path, **what).status_code == 404, role


def other(live, role, *, known):
    """Give a token of the party of a role if it is another than whose the thing is, else of another in that role."""
    if role == "patient":
        return live.signed(role, pid=ANOTHER)
    return live.signed(role) if known else live.signed(role, client_id=f"{role}-2", sub=f"{role}-2")


def test_what_is_asked_of_another_person_or_party_is_refused(live):
    pseudonym = live.gateway.vault.mac("patient", PERSON)
    for path in ("/fhir/Consent", "/fhir/AuditEvent"):
        assert told(live, other(live, "patient", known=True), "GET", f"{path}?patient={pseudonym}").status_code == 403
    for method, path in (("GET", "/inbox/certifier"), ("POST", "/inbox/certifier/1/ack")):
        for role in match(method, path).roles:
            token = other(live, role.value, known=role is not Role.CERTIFIER)
            assert told(live, token, method, path).status_code == 403, role


PATHS = {
    ("POST", "/fhir/"): "/fhir",
    ("POST", "/fhir"): "/fhir",
    ("POST", "/fhir/$process-message"): "/fhir/$process-message",
    ("GET", "/fhir/Task/abc-1"): "/fhir/Task/{id}",
    ("GET", "/fhir/Consent/1/_history"): "/fhir/Consent/{id}/_history",
    ("POST", "/fhir/AuditEvent/_search"): "/fhir/AuditEvent/_search",
    ("GET", "/inbox/ehr"): "/inbox/{recipient}",
    ("POST", "/inbox/ehr/7/ack"): "/inbox/{recipient}/{id}/ack",
    ("GET", "/health/live"): "/health/live",
}


@pytest.mark.parametrize("request_line", PATHS, ids=" ".join)
def test_a_request_finds_its_route(request_line):
    assert match(*request_line).path == PATHS[request_line]


@pytest.mark.parametrize(
    "request_line",
    [
        ("DELETE", "/fhir/Consent/1"),
        ("GET", "/fhir/Task/"),
        ("GET", "/fhir/Task/a/b"),
        ("GET", "/fhir/Patient"),
        ("GET", "/console"),
        ("GET", "/fhir/Consent/1/_history/2"),
        ("GET", "/"),
        ("GET", ""),
        ("get", "/health/live"),
        ("GET", "//health/live"),
    ],
    ids=" ".join,
)
def test_a_request_that_no_route_fits_is_nothing(request_line):
    with pytest.raises(KeyError):
        match(*request_line)


PERSONAL = {Standing.PATIENT: "person's own"}
MARKS = {Own.ANY: "yes", Own.PARTY: "own", Own.PERSON: "person's own"}
HEAD = """# Who may use which route

Written from `gateway/edge/identity/access.py`; every cell of both tables is tried by
`tests/integration/identity/test_authorisation_matrix.py` in the running application.

«yes»: the role may use the route. «own»: only for what belongs to the calling party. «person's own»: only for what
belongs to the person who is logged in. «no»: refused (403). Every route that is not open also needs the scope beside
it, granted by the token *and* by the registry of parties.

"""
MIDDLE = """
## What a bad token gets

The status that every route answers with, for the roles that may use it. 200 stands for «goes on». Where another's thing
has an address of its own, its 403 is a 404, as for one that is not there. `/riv-ta` tells a refusal as RIV-TA does:
status 200, and an error in what is answered.

"""
LAST = """
`GET /metrics` and `GET /health/…` listen on a port of their own, on an inner address; the others at the callers' door.

## The console

People log in there; no token opens a page of it. Written from `gateway/console/app.py`, and each cell tried by
`tests/integration/console/test_doors.py`: without a log-in 401; for whoever may not see a page 404, as for one that is
not there.

"""


def page():
    roles = [role for role in Role if any(role in access.roles for access in ROUTES)]
    lines = [HEAD, f"| route | scope | {' | '.join(roles)} |\n", "|---" * (len(roles) + 2) + "|\n"]
    for access in ROUTES:
        cells = ["open" if access.public else MARKS.get(access.roles.get(role), "no") for role in roles]
        lines.append(f"| `{access}` | {f'`{access.scope}`' if access.scope else ''} | {' | '.join(cells)} |\n")
    lines += [MIDDLE, f"| route | {' | '.join(TOKENS)} |\n", "|---" * (len(TOKENS) + 1) + "|\n"]
    for access in ROUTES:
        found = [sorted({expected(access, role, attack) for role in access.roles or Role}) for attack in TOKENS]
        lines.append(f"| `{access}` | {' | '.join(' or '.join(map(str, cell)) for cell in found)} |\n")
    lines += [LAST, f"| page | {' | '.join(Standing)} |\n", "|---" * (len(Standing) + 1) + "|\n"]
    for method, path, who, _answer in sorted(PAGES, key=lambda one: (one[1], one[0])):
        marks = [PERSONAL.get(one, "yes") if one in who else "no" for one in Standing]
        lines.append(f"| `{method} {path}` | {' | '.join(marks)} |\n")
    return "".join(lines)


def test_the_table_in_the_documentation_is_the_table_that_is_used():
    if os.environ.get("WRITE_DOCS"):
        PAGE.write_text(page(), "utf-8")
    assert PAGE.read_text("utf-8") == page()
