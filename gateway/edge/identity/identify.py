"""From a request to the party that sent it: token, proof and certificate, all of which must agree with the registry."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cryptography import x509

from gateway.core.ports import Clock
from gateway.edge.identity import Unidentified, mtls
from gateway.edge.identity.access import Caller
from gateway.edge.identity.dpop import Proofs, Request
from gateway.edge.identity.jwks import PublishedKeys
from gateway.edge.identity.parties import Binding, Issuer, IssuerKind, Party, Registry
from gateway.edge.identity.scopes import both, split
from gateway.edge.identity.tokens import Claims, Expected, peek, validate
from gateway.edge.trust import Purpose, TrustChain, Untrusted

TYPES: Final = frozenset({"at+jwt", "jwt", ""})
_PID: Final = ("helseid://claims/identity/pid", "pid")
_ORGANISATION: Final = "helseid://claims/client/claims/orgnr_parent"
_SCHEME: Final = "0192:"  # ISO 6523 code of the Norwegian register of organisations, as Maskinporten writes it


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request brings: an access token with its scheme, a DPoP proof, a client certificate."""

    scheme: str = ""
    token: str = ""
    proof: str = ""
    certificate: x509.Certificate | None = None


class Identify:
    """Turns requests into callers. One of these serves the whole process."""

    def __init__(
        self, registry: Registry, keys: PublishedKeys, proofs: Proofs, trust: TrustChain, clock: Clock
    ) -> None:
        self._registry = registry
        self._keys = keys
        self._proofs = proofs
        self._trust = trust
        self._clock = clock

    async def __call__(
        self, headers: Iterable[tuple[str, str]], method: str, url: str, client_cert_pem: str | bytes | None = None
    ) -> Caller:
        """Give the caller.

        `headers` holds every header line, doubled ones too; `url` is the public URL, made from our settings and the
        request's path; `client_cert_pem` is the certificate of the TLS connection, from the server itself or from a
        proxy that removes what clients send in its place. Raises `Unidentified`, or `Busy` when an issuer's keys or
        the replay store are away.
        """
        brought = _credentials(headers, client_cert_pem)
        self._trusted(brought.certificate)
        if not brought.token:
            return self._by_certificate(brought)
        return await self._by_token(brought, Request(method, url))

    def _trusted(self, certificate: x509.Certificate | None) -> None:
        try:
            if certificate is not None:
                self._trust(certificate, Purpose.CLIENT)
        except Untrusted as error:
            raise Unidentified(str(error)) from None

    def _by_certificate(self, brought: Credentials) -> Caller:
        if brought.certificate is None:
            raise Unidentified("the request holds no access token and no client certificate", "")
        party = self._registry.by_certificate(brought.certificate)
        if party is None:
            raise Unidentified("the client certificate belongs to no party that is known here")
        return Caller(party, party.scopes, "mtls")

    async def _by_token(self, brought: Credentials, request: Request) -> Caller:
        header, unproved = peek(brought.token)
        stated = unproved.get("iss")
        issuer = self._registry.issuers.get(stated) if isinstance(stated, str) else None
        if issuer is None:
            raise Unidentified("the token is from an issuer that is not accepted here")
        kid = header.get("kid")
        keys = await self._keys.keys(issuer.jwks, kid if isinstance(kid, str) else None)
        now = int(self._clock())
        expected = Expected(issuer.id, issuer.audience, issuer.algorithms, TYPES, issuer.lifetime)
        claims = validate(brought.token, keys, expected, now)
        await self._holder(claims, issuer, brought, request)
        party = self._party(claims, issuer)
        self._same_party(party, brought.certificate)
        return Caller(party, both(split(claims.get("scope")), party.scopes), issuer.kind.value, _person(claims))

    async def _holder(self, claims: Claims, issuer: Issuer, brought: Credentials, request: Request) -> None:
        """Hold the token against its holder: the key or the certificate that it is bound to, as its issuer must."""
        bound = claims.get("cnf", {})
        if not isinstance(bound, dict) or set(bound) - {"jkt", "x5t#S256"}:
            raise Unidentified("the token is bound in a way that is not known here")
        ways = {Binding.DPOP: {"jkt"}, Binding.MTLS: {"x5t#S256"}, Binding.EITHER: {"jkt", "x5t#S256"}}.get(
            issuer.binding
        )
        if ways is not None and not ways & set(bound):
            raise Unidentified("the token is not bound to its holder, as tokens of its issuer must be here")
        if ("jkt" in bound) != (brought.scheme == "dpop") or ("jkt" in bound) != bool(brought.proof):
            raise Unidentified("the token is sent with another scheme than it is bound for", "invalid_dpop_proof")
        if "x5t#S256" in bound:
            mtls.check(bound["x5t#S256"], brought.certificate)
        if "jkt" in bound:
            thumbprint = await self._proofs.check(brought.proof, request, brought.token, int(self._clock()))
            if bound["jkt"] != thumbprint:
                raise Unidentified("the token is bound to another key than the proof's", "invalid_dpop_proof")

    def _party(self, claims: Claims, issuer: Issuer) -> Party:
        client = claims.get("client_id", claims.get("sub") if issuer.kind is IssuerKind.SMART else None)
        party = self._registry.by_client(issuer.id, client) if isinstance(client, str) else None
        if party is None:
            raise Unidentified("the token's client is no party that is known here")
        if issuer.kind is IssuerKind.HELSEID and claims.get(_ORGANISATION) != party.organisation:
            raise Unidentified("the token is for another organisation than the registry says")
        if issuer.kind is IssuerKind.MASKINPORTEN:
            _consumer(claims, party)
        return party

    def _same_party(self, party: Party, certificate: x509.Certificate | None) -> None:
        """Refuse a token that is sent over another party's connection."""
        if certificate is None:
            return
        connected = self._registry.by_certificate(certificate)
        if connected is not None and connected is not party:
            raise Unidentified("the token and the client certificate are of different parties")


def _credentials(headers: Iterable[tuple[str, str]], client_cert_pem: str | bytes | None) -> Credentials:
    lines = [(name.lower(), value) for name, value in headers]
    authorizations = [value for name, value in lines if name == "authorization"]
    proofs = [value for name, value in lines if name == "dpop"]
    if len(authorizations) > 1 or len(proofs) > 1:
        raise Unidentified("the request holds two proofs of who sent it", "invalid_request")
    certificate = mtls.read(client_cert_pem) if client_cert_pem else None
    if not authorizations:
        return Credentials(certificate=certificate)
    scheme, _, token = authorizations[0].partition(" ")
    if scheme.lower() not in {"bearer", "dpop"} or not token.strip():
        raise Unidentified("the Authorization header holds no access token", "invalid_request")
    return Credentials(scheme.lower(), token.strip(), proofs[0] if proofs else "", certificate)


def _consumer(claims: Claims, party: Party) -> None:
    """Maskinporten: the consumer must be the party, and whoever acts for it a supplier that it has named."""
    if _iso6523(claims.get("consumer")) != party.organisation:
        raise Unidentified("the token is for another organisation than the registry says")
    if "supplier" in claims and _iso6523(claims["supplier"]) not in party.suppliers:
        raise Unidentified("the token is used by a supplier that the registry does not name")


def _iso6523(claim: object) -> str | None:
    stated = claim.get("ID") if isinstance(claim, dict) and claim.get("authority") == "iso6523-actorid-upis" else None
    return stated.removeprefix(_SCHEME) if isinstance(stated, str) and stated.startswith(_SCHEME) else None


def _person(claims: Claims) -> str:
    return next((value for name in _PID if isinstance(value := claims.get(name), str)), "")
