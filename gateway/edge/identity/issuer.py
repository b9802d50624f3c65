"""An issuer of access tokens for the demo and for tests, and nothing else: SMART Backend Services with DPoP.

Outside the demo tokens come from HelseID, Maskinporten or the care provider's own authorisation server, and
`samspill check` refuses a registry that knows an example issuer. Sources: SMART App Launch 2.2.0 («Backend Services»,
«Client authentication: asymmetric»), RFC 6749 § 4.4, RFC 7523, RFC 9068, RFC 9449 § 5.
"""

import secrets
from collections.abc import Mapping
from typing import Any, Final

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from gateway.core.errors import ConfigurationError
from gateway.core.ports import Clock
from gateway.edge.identity import Unidentified
from gateway.edge.identity.dpop import Proofs, Request
from gateway.edge.identity.jwks import PublishedKeys
from gateway.edge.identity.parties import Client, Party, Registry
from gateway.edge.identity.replay import ReplayStore
from gateway.edge.identity.scopes import both, split
from gateway.edge.identity.tokens import Expected, peek, validate

ALGORITHM: Final = "ES256"
LIFETIME: Final = 300
ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_ALGORITHMS: Final = frozenset({"RS384", "ES384", "RS256", "ES256", "PS256", "PS384"})
ASSERTION_LIFETIME: Final = 300


class DemoIssuer:
    """Issues tokens to the clients that the registry names. `id` is its URL, `audience` the gateway's."""

    def __init__(self, id: str, audience: str, key: ECKey, clock: Clock, *, demo: bool) -> None:  # noqa: A002
        if not demo:
            raise ConfigurationError(["the demo issuer does not run outside demo mode; use HelseID or Maskinporten"])
        self.id = id
        self.audience = audience
        self._key = key
        self._clock = clock
        self._key.ensure_kid()

    @property
    def token_url(self) -> str:
        """Where tokens are asked for."""
        return f"{self.id}/token"

    def jwks(self) -> dict[str, Any]:
        """Give the public keys."""
        return dict(KeySet([self._key]).as_dict(private=False, use="sig", alg=ALGORITHM))

    def metadata(self) -> dict[str, Any]:
        """Give the SMART configuration (`/.well-known/smart-configuration`)."""
        return {
            "issuer": self.id,
            "jwks_uri": f"{self.id}/jwks",
            "token_endpoint": self.token_url,
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": sorted(ASSERTION_ALGORITHMS),
            "dpop_signing_alg_values_supported": [ALGORITHM],
            "scopes_supported": ["system/Bundle.c", "system/Task.r", "system/Consent.cruds"],
            "capabilities": ["client-confidential-asymmetric", "permission-v2"],
        }

    def issue(self, client: Client, scopes: frozenset[str], confirmation: Mapping[str, str]) -> str:
        """Give an access token (RFC 9068) for a client, bound as `confirmation` (the `cnf` claim) says."""
        now = int(self._clock())
        claims: dict[str, Any] = {
            "iss": self.id,
            "sub": client.id,
            "client_id": client.id,
            "aud": self.audience,
            "scope": " ".join(sorted(scopes)),
            "iat": now,
            "exp": now + LIFETIME,
            "jti": secrets.token_urlsafe(16),
        }
        if confirmation:
            claims["cnf"] = dict(confirmation)
        header = {"alg": ALGORITHM, "kid": self._key.kid, "typ": "at+jwt"}
        return jwt.encode(header, claims, self._key, [ALGORITHM], default_type=None)


class TokenEndpoint:
    """Answers `POST {issuer}/token`."""

    def __init__(
        self, issuer: DemoIssuer, registry: Registry, keys: PublishedKeys, used: ReplayStore, proofs: Proofs
    ) -> None:
        self._issuer = issuer
        self._registry = registry
        self._keys = keys
        self._used = used
        self._proofs = proofs

    async def answer(self, form: Mapping[str, str], proof: str, now: int) -> dict[str, Any]:
        """Give the token response to a form and a DPoP proof.

        Raises `Unidentified` with the OAuth error code in `error`; the HTTP layer answers 400 (401 for invalid_client).
        """
        if form.get("grant_type") != "client_credentials":
            raise Unidentified("only client_credentials is granted here", "unsupported_grant_type")
        party, client = await self._client(form, now)
        scopes = both(split(form.get("scope", "")), party.scopes)
        if not scopes:
            raise Unidentified("none of the scopes asked for is open to this client", "invalid_scope")
        request = Request("POST", self._issuer.token_url)
        thumbprint = await self._proofs.check(proof, request, "", now)
        return {
            "access_token": self._issuer.issue(client, scopes, {"jkt": thumbprint}),
            "token_type": "DPoP",
            "expires_in": LIFETIME,
            "scope": " ".join(sorted(scopes)),
        }

    async def _client(self, form: Mapping[str, str], now: int) -> tuple[Party, Client]:
        try:
            return await self._proved(form, now)
        except Unidentified as error:
            raise Unidentified(error.why.replace("the token", "the client assertion"), "invalid_client") from None

    async def _proved(self, form: Mapping[str, str], now: int) -> tuple[Party, Client]:
        if form.get("client_assertion_type") != ASSERTION:
            raise Unidentified("the client must prove itself with a signed assertion")
        assertion = form.get("client_assertion", "")
        header, unproved = peek(assertion)
        name = unproved.get("iss")
        party = self._registry.by_client(self._issuer.id, name) if isinstance(name, str) else None
        if party is None:
            raise Unidentified("the client is not known here")
        client = next(one for one in party.clients if (one.issuer, one.id) == (self._issuer.id, name))
        if not client.jwks:
            raise Unidentified("the client has not registered where its keys are")
        kid = header.get("kid")
        keys = await self._keys.keys(client.jwks, kid if isinstance(kid, str) else None)
        expected = Expected(
            *(client.id, frozenset({self._issuer.token_url}), ASSERTION_ALGORITHMS, frozenset({"jwt", ""})),
            ASSERTION_LIFETIME,
        )
        claims = validate(assertion, keys, expected, now)
        if claims.get("sub") != client.id:
            raise Unidentified("the client assertion is about another than it is by")
        await self._once(client, claims.get("jti"), claims["exp"])
        return party, client

    async def _once(self, client: Client, jti: object, until: float) -> None:
        if not isinstance(jti, str) or not jti:
            raise Unidentified("the client assertion has no id")
        if not await self._used.first(f"assertion:{client.id}:{jti}", until + 60):
            raise Unidentified("the client assertion was used before")
