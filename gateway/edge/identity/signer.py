"""The person who signed a message with HelseID: the token in its attachment, checked as NAV says.

Source: NAV's ebXML payload rules: audience `nav:sign-message`, scope `nav:sign-message/msghead`, security level 4, and
the signer's national number as `pid`. It is a bearer token; see `gateway.edge.seal.helseid` for what it does not prove.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from gateway.core.identifiers import Kind, is_valid
from gateway.core.ports import Clock
from gateway.edge.identity import Unidentified
from gateway.edge.identity.jwks import PublishedKeys
from gateway.edge.identity.parties import Issuer, IssuerKind
from gateway.edge.identity.scopes import split
from gateway.edge.identity.tokens import Claims, Expected, peek, validate
from gateway.edge.seal import SealBroken, helseid
from gateway.edge.seal.xmldsig import signable

TYPES: Final = frozenset({"at+jwt", "jwt"})
_PERSONS = (Kind.NATIONAL_NUMBER, Kind.D_NUMBER)


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed: a national number, which is a person's value and stays out of representations and logs."""

    person: str = field(repr=False)


class Signers:
    """Reads signers' tokens of one issuer, HelseID."""

    def __init__(self, issuer: Issuer, keys: PublishedKeys) -> None:
        self._issuer = issuer
        self._keys = keys

    async def of(self, raw: bytes, at: int) -> Signer | None:
        """Give who signed the message (a MsgHead), or nothing when it carries no token.

        `at` is when the message came (epoch seconds). Raises `SealBroken` for a token that does not hold, and `Busy`
        when HelseID's keys cannot be had.
        """
        token = helseid.token(raw)
        if token is None:
            return None
        try:
            claims = await self._claims(token, at)
        except Unidentified as error:
            raise SealBroken(f"the signer's token: {error.why}") from None
        return _signer(claims)

    async def _claims(self, token: str, at: int) -> Claims:
        header, _unproved = peek(token)
        kid = header.get("kid")
        keys = await self._keys.keys(self._issuer.jwks, kid if isinstance(kid, str) else None)
        algorithms = self._issuer.algorithms & helseid.ALGORITHMS
        expected = Expected(self._issuer.id, frozenset({helseid.AUDIENCE}), algorithms, TYPES, self._issuer.lifetime)
        return validate(token, keys, expected, at)


class MessageSigners:
    """Reads and checks the signers' tokens of messages, by whichever of the register's HelseID issuers made them."""

    def __init__(self, issuers: Iterable[Issuer], keys: PublishedKeys, clock: Clock) -> None:
        self._known = {one.id: Signers(one, keys) for one in issuers if one.kind is IssuerKind.HELSEID}
        self._clock = clock

    async def __call__(self, raw: bytes) -> Signer | None:
        """Give who signed a message; nothing for one that carries no token, or is of a kind that carries none.

        Raises `SealBroken` for a token that does not hold, or is another's than the health professional's whom the
        message names as its sender, and `Busy` when HelseID's keys cannot be had.
        """
        token = helseid.token(raw) if signable(raw) else None
        if token is None:
            return None
        try:
            stated = peek(token)[1].get("iss")
        except Unidentified as error:
            raise SealBroken(f"the signer's token: {error.why}") from None
        issuer = self._known.get(stated) if isinstance(stated, str) else None
        if issuer is None:
            raise SealBroken("the signer's token is from an issuer that is not accepted here")
        signer = await issuer.of(raw, int(self._clock()))
        named = helseid.professional(raw)
        if signer is not None and named and not hmac.compare_digest(named.encode(), signer.person.encode()):
            raise SealBroken("the signer's token is another person's than the message's health professional's")
        return signer


def _signer(claims: Claims) -> Signer:
    if helseid.SCOPE not in split(claims.get("scope")):
        raise SealBroken("the signer's token does not grant signing")
    if claims.get(helseid.LEVEL_CLAIM) != helseid.SECURITY_LEVEL:
        raise SealBroken("the signer was not logged in at security level 4")
    person = claims.get(helseid.PID_CLAIM)
    if not isinstance(person, str) or not any(is_valid(person, kind) for kind in _PERSONS):
        raise SealBroken("the signer's token names no person")
    return Signer(person)
