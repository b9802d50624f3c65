"""Proof of possession at the application layer: DPoP (RFC 9449 § 4.3 and 7), with nonce and replay store."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from joserfc.jwk import KeySet

from gateway.edge.identity import Unidentified
from gateway.edge.identity.replay import Nonces, ReplayStore
from gateway.edge.identity.tokens import Expected, peek, public_key, validate

ALGORITHMS: Final = frozenset(
    {"ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "EdDSA", "Ed25519"}
)
AGE: Final = 60
"""Seconds that a proof may be old, or new."""

_EXPECTED = Expected(
    None, frozenset(), ALGORITHMS, frozenset({"dpop+jwt"}), AGE, headers=frozenset({"alg", "typ", "jwk"})
)
_LONGEST_ID = 256
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Request:
    """The request that is proved: its method and its public URL, as our settings say it and not the Host header."""

    method: str
    url: str


class Proofs:
    """Checks proofs, each of which counts once."""

    def __init__(self, nonces: Nonces, used: ReplayStore) -> None:
        self.nonces = nonces
        self._used = used

    async def check(self, proof: str, request: Request, token: str, now: int) -> str:
        """Give the thumbprint (RFC 7638) of the key that made the proof for this request and this access token.

        An empty `token` is for the token endpoint, where there is none yet. Raises `Unidentified`.
        """
        try:
            return await self._check(proof, request, token, now)
        except Unidentified as error:
            if error.error == "use_dpop_nonce":
                raise
            raise Unidentified(error.why.replace("the token", "the DPoP proof"), "invalid_dpop_proof") from None

    async def _check(self, proof: str, request: Request, token: str, now: int) -> str:
        header, _claims = peek(proof)
        try:
            key = public_key(header.get("jwk"))
        except ValueError:
            raise Unidentified("the DPoP proof holds no public key") from None
        claims = validate(proof, KeySet([key]), _EXPECTED, now)
        if claims.get("htm") != request.method or not same_url(claims.get("htu"), request.url):
            raise Unidentified("the DPoP proof is for another request")
        if abs(now - claims["iat"]) > AGE:
            raise Unidentified("the DPoP proof is too old or too new")
        if token and not _equal(claims.get("ath"), digest(token)):
            raise Unidentified("the DPoP proof is for another access token")
        if not self.nonces.holds(claims.get("nonce")):
            raise Unidentified("the DPoP proof needs the nonce given here", "use_dpop_nonce", self.nonces.current())
        await self._once(claims.get("jti"), key.thumbprint(), now)
        return key.thumbprint()

    async def _once(self, jti: object, thumbprint: str, now: int) -> None:
        if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_ID:
            raise Unidentified("the DPoP proof has no id")
        key = hashlib.sha256(f"{thumbprint}\0{jti}".encode("utf-8", "surrogatepass")).hexdigest()
        if not await self._used.first(f"dpop:{key}", now + 2 * AGE + 1):
            raise Unidentified("the DPoP proof was used before")


def digest(token: str) -> str:
    """Give the `ath` of an access token: its SHA-256 in base64url without padding."""
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()


def same_url(stated: object, ours: str) -> bool:
    """Whether two URLs are one, without query and fragment (RFC 9449 § 4.3 step 9, RFC 3986 § 6.2.2 and 6.2.3)."""
    if not isinstance(stated, str):
        return False
    try:
        return _normal(stated) == _normal(ours)
    except ValueError:
        return False


def _normal(url: str) -> tuple[str, str, int | None, str]:
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        raise ValueError("a URL with user information")
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme), parts.path or "/"


def _equal(stated: object, ours: str) -> bool:
    return isinstance(stated, str) and stated.isascii() and hmac.compare_digest(stated, ours)
