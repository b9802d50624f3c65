"""Every route for every role, with a good token and with each kind of bad one: only the stated cells pass.

The table in docs/security/authorisation.md is written from the same data; `WRITE_DOCS=1` writes it anew.
"""

import hmac
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from identity_actors import AUDIENCE, NOW, World, b64, compact, party

from gateway.console.app import PAGES
from gateway.console.sessions import Standing
from gateway.core.errors import Refused
from gateway.core.vocabulary import Role
from gateway.edge.identity import Unidentified
from gateway.edge.identity.access import ROUTES, Own, authorise, match, reach, role_for

PAGE = Path(__file__).parents[3] / "docs/security/authorisation.md"
SCOPES = ("system/*.cruds", *{access.scope for access in ROUTES if access.scope.startswith("samspill:")})
PERSON = "13897012345"
OTHERS = "14897012345"


@pytest.fixture(scope="module")
def world():
    return World(*(party(role.value, role, SCOPES) for role in Role))


def key_confusion(world, access, role):
    public = world.key.raw_value.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    unsigned = compact({"alg": "HS256", "typ": "at+jwt", "kid": "k1"}, claims(world, access, role)).rsplit(".", 1)[0]
    return f"{unsigned}.{b64(hmac.digest(public, unsigned.encode(), 'sha256'))}"


def claims(world, access, role, **changes):
    return world.claims(role.value, **{"scope": access.scope or "system/Bundle.c", "pid": PERSON, **changes})


def good(world, access, role, **changes):
    return world.token(role.value, **{"scope": access.scope or "system/Bundle.c", "pid": PERSON, **changes})


TOKENS = {
    "good": good,
    "none": None,
    "expired": lambda w, a, r: good(w, a, r, iat=NOW - 400, exp=NOW - 100),
    "wrong audience": lambda w, a, r: good(w, a, r, aud="https://other.example"),
    "wrong scope": lambda w, a, r: good(w, a, r, scope="system/Patient.r"),
    "other's thing": good,
    "replayed proof": good,
    "alg none": lambda w, a, r: compact({"alg": "none", "typ": "at+jwt", "kid": "k1"}, claims(w, a, r)),
    "key confusion": key_confusion,
    "stripped signature": lambda w, a, r: good(w, a, r).rsplit(".", 1)[0] + ".",
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


def outcome(world, access, role, attack):
    """What happens."""
    make = TOKENS[attack]
    url = AUDIENCE + access.path.replace("{", "").replace("}", "")
    caller = None
    if not access.public:
        token = make(world, access, role) if make else ""
        headers = world.headers(token, method=access.method, url=url) if make else []
        try:
            if attack == "replayed proof":
                world.call(headers, access.method, url)
            caller = world.call(headers, access.method, url)
        except Unidentified:
            return 401
    try:
        authorise(caller, access)
        if caller is not None:
            reach(caller, access, owner(access, role, mine=attack != "other's thing"))
    except Refused:
        return 403
    return 200


def owner(access, role, *, mine):
    if access.roles.get(role) is Own.PERSON:
        return PERSON if mine else OTHERS
    return role.value if mine else "somebody-else"


@pytest.mark.parametrize("access", ROUTES, ids=str)
def test_only_the_stated_cells_pass(world, access):
    wrong = [
        f"{role} with {attack}: {found} and not {stated}"
        for role in Role
        for attack in TOKENS
        if (found := outcome(world, access, role, attack)) != (stated := expected(access, role, attack))
    ]
    assert wrong == []


def test_every_role_reaches_something_or_is_nobody_who_calls():
    callers = {role for access in ROUTES for role in access.roles}
    assert set(Role) - callers == {Role.GATEWAY}


def test_whoever_is_nobody_reaches_nothing_that_is_not_open():
    for access in ROUTES:
        if not access.public:
            with pytest.raises(Refused):
                authorise(None, access)


def test_what_belongs_to_nobody_known_is_reached_only_by_who_sees_everybodys(world):
    for access in ROUTES:
        for role, own in access.roles.items():
            url = AUDIENCE + access.path.replace("{", "").replace("}", "")
            token = good(world, access, role, pid=None)
            caller = world.call(world.headers(token, method=access.method, url=url), access.method, url)
            assert role_for(caller, access) is role
            for unknown in (None, ""):
                if own is Own.ANY:
                    reach(caller, access, unknown)
                else:
                    with pytest.raises(Refused):
                        reach(caller, access, unknown)


def test_a_role_that_a_route_is_not_open_to_is_no_role_for_it(world):
    access = match("POST", "/hr/absences")
    token = good(world, access, Role.CERTIFIER)
    url = AUDIENCE + access.path
    caller = world.call(world.headers(token, url=url), "POST", url)
    with pytest.raises(Refused):
        role_for(caller, access)


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
`tests/unit/identity/test_authorisation_matrix.py`.

«yes»: the role may use the route. «own»: only for what belongs to the calling party. «person's own»: only for what
belongs to the person who is logged in. «no»: refused (403). Every route that is not open also needs the scope beside
it, granted by the token *and* by the registry of parties.

"""
MIDDLE = """
## What a bad token gets

The status that every route answers with, for the roles that may use it. 200 stands for «goes on».

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
