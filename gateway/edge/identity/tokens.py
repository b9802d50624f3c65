"""The one place where a JWT is checked: signature, algorithm, type, issuer, audience and times, always all of them.

Sources: RFC 7519, RFC 8725 (best current practices), RFC 9068 (access tokens). joserfc checks the signature and the
claims; what it leaves open is closed here: that claims are checked at all, symmetric algorithms, keys inside the
header, doubled JSON names, and how long a token may live.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import ECKey, Key, KeySet, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64decode

from gateway.edge.identity import Unidentified

ASYMMETRIC: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
)
LARGEST: Final = 16 * 1024
"""Characters of a token that are looked at."""
SMALLEST_RSA: Final = 2048

_HEADERS = frozenset({"alg", "typ", "kid", "x5t", "x5t#S256"})
Claims = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must be.

    `issuer` is absent for proofs, which have none. `audience` names us in any of several spellings. `types` are `typ`
    headers in lower case without `application/` (an empty one allows its absence). `lifetime` and `leeway` are seconds.
    """

    issuer: str | None
    audience: frozenset[str]
    algorithms: frozenset[str]
    types: frozenset[str]
    lifetime: int
    leeway: int = 10
    headers: frozenset[str] = _HEADERS

    def __post_init__(self) -> None:
        """Refuse an allow-list with an algorithm that anybody could sign with."""
        if not self.algorithms or self.algorithms - ASYMMETRIC:
            raise ValueError("only asymmetric algorithms may be allowed")


def validate(token: str, keys: KeySet, expected: Expected, now: int) -> Claims:
    """Give the claims of a token that one of `keys` signed and that is all that is `expected` at `now` (epoch seconds).

    Raises `Unidentified` with a reason that repeats nothing of the token.
    """
    header = _header(token, expected)
    key = _key(header, keys)
    try:
        decoded = jwt.decode(token, key, registry=_registry(expected.algorithms), decoder_cls=_Strict)
        _registered_claims(expected, now).validate(decoded.claims)
    except ExpiredTokenError:
        raise Unidentified("the token has expired") from None
    except (JoseError, ValueError, TypeError, RecursionError, OverflowError):
        raise Unidentified("the token's signature or claims do not hold") from None
    _lifetime(decoded.claims, expected)
    return decoded.claims


def peek(token: str) -> tuple[Claims, Claims]:
    """Give header and claims of a token that nothing is known of yet: good for choosing whose keys to check with."""
    parts = token.split(".") if len(token) <= LARGEST else []
    if len(parts) != 3 or not all(parts[:2]) or not token.isascii():  # noqa: PLR2004 - RFC 7515 § 7.1
        raise Unidentified("the token is not a signed JWT in compact form")
    try:
        header, claims = (json.loads(urlsafe_b64decode(part.encode()), cls=_Strict) for part in parts[:2])
    except (ValueError, RecursionError):
        raise Unidentified("the token is not a signed JWT in compact form") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise Unidentified("the token is not a signed JWT in compact form")
    return header, claims


def public_keys(published: object) -> KeySet:
    """Read a JWK Set, keeping the public keys that check signatures; raise `ValueError` when none is left.

    A private or symmetric key in a published set is left out: whoever published it can no longer be told from others.
    """
    entries = published.get("keys") if isinstance(published, dict) else None
    if not isinstance(entries, list) or len(entries) > 50:  # noqa: PLR2004 - more is no rotation
        raise ValueError("not a JWK Set of up to 50 keys")
    usable: list[Key] = [key for entry in entries if (key := _usable(entry)) is not None]
    if not usable:
        raise ValueError("the JWK Set has no key to check signatures with")
    return KeySet(usable)


def public_key(jwk: object) -> RSAKey | ECKey | OKPKey:
    """Read one public JWK for checking signatures; raise `ValueError` for anything else."""
    key = _usable(jwk)
    if key is None:
        raise ValueError("not a public key for signatures")
    return key


def _usable(jwk: object) -> RSAKey | ECKey | OKPKey | None:
    kinds: dict[str, type[RSAKey | ECKey | OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
    if not isinstance(jwk, dict) or jwk.get("kty") not in kinds or jwk.get("use", "sig") != "sig" or "d" in jwk:
        return None
    try:
        if jwk["kty"] == "RSA" and len(urlsafe_b64decode(jwk["n"].encode())) * 8 < SMALLEST_RSA:
            return None
        return kinds[jwk["kty"]].import_key(jwk)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _header(token: str, expected: Expected) -> Claims:
    header, _claims = peek(token)
    if set(header) - expected.headers:
        raise Unidentified("the token's header holds something that is not accepted there")
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in expected.algorithms:
        raise Unidentified("the token is signed with an algorithm that is not accepted")
    stated = header.get("typ", "")
    if not isinstance(stated, str) or stated.lower().removeprefix("application/") not in expected.types:
        raise Unidentified("the token is of another type than is accepted here")
    return header


def _key(header: Claims, keys: KeySet) -> Key:
    kid = header.get("kid")
    found = [key for key in keys if kid is None or key.kid == kid]
    if len(found) != 1 or found[0].key_type == "oct" or found[0].get("alg", header["alg"]) != header["alg"]:
        raise Unidentified("the token is signed with a key that its issuer does not publish")
    return found[0]


def _registry(algorithms: frozenset[str]) -> JWSRegistry:
    registry = JWSRegistry(algorithms=sorted(algorithms))
    registry.max_header_length = LARGEST
    return registry


def _registered_claims(expected: Expected, now: int) -> jwt.JWTClaimsRegistry:
    options: dict[str, jwt.ClaimsOption] = {"iat": {"essential": True}}
    if expected.issuer is not None:
        options["iss"] = {"essential": True, "value": expected.issuer}
        options["exp"] = {"essential": True}
    if expected.audience:
        options["aud"] = {"essential": True, "values": sorted(expected.audience)}
    return jwt.JWTClaimsRegistry(now, expected.leeway, **options)


def _lifetime(claims: Claims, expected: Expected) -> None:
    if expected.issuer is not None and claims["exp"] - claims["iat"] > expected.lifetime:
        raise Unidentified("the token lives longer than is accepted")


class _Strict(json.JSONDecoder):
    """JSON in which no name stands twice and numbers are finite (RFC 8259 § 4, RFC 8725 § 2.4)."""

    def __init__(self, **_options: Any) -> None:
        super().__init__(object_pairs_hook=_once, parse_constant=_no_constant)


def _once(pairs: list[tuple[str, Any]]) -> Claims:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_constant(_text: str) -> None:
    raise ValueError("a number is not finite")
