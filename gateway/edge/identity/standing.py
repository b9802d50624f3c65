"""How it stands with the certificates of the register: until when each is valid, and how we know it is not revoked."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from cryptography import x509

from gateway.edge.identity.faults import WARNED
from gateway.edge.identity.parties import Party, Registry
from gateway.edge.trust import Anchors, Purpose, Revocation, Standing, Untrusted


class Known(StrEnum):
    """How it is known that a certificate is not revoked."""

    GOOD = "good"
    GRACE = "grace"  # by an answer that should have been renewed: the source is away
    UNKNOWN = "unknown"  # it is not, or it is revoked, or has no valid chain: the certificate is refused
    UNASKED = "unasked"  # the demo asks nobody


@dataclass(frozen=True, slots=True)
class Held:
    """One certificate of a party: what it is for, until when it is valid (UTC), and what is known of its revocation.

    `until` is how long the answer that is known counts, its grace not included.
    """

    party: str
    purpose: Purpose
    ends: datetime
    known: Known
    until: datetime | None = None
    soon: bool = False

    @property
    def calls(self) -> bool:
        """Whether somebody has to act."""
        return self.soon or self.known in {Known.GRACE, Known.UNKNOWN}


def certificates(registry: Registry) -> Iterator[tuple[Party, x509.Certificate, Purpose]]:
    """Give each certificate of the register, with whose it is and what it is for."""
    for party in registry.parties.values():
        yield from ((party, one, Purpose.CLIENT) for one in party.transport)
        yield from ((party, one, Purpose.SIGN) for one in party.signing)
        yield from ((party, one, Purpose.SEAL) for one in party.sealing)


@dataclass(frozen=True, slots=True)
class Standings:
    """Says it of a register, with what is known now; `revocation` is absent in the demo."""

    registry: Registry
    anchors: Anchors
    revocation: Revocation | None
    now: Callable[[], datetime]

    def __call__(self) -> tuple[Held, ...]:
        """Give every certificate, those that somebody has to see to first."""
        found = [self._held(*one) for one in certificates(self.registry)]
        return tuple(sorted(found, key=lambda one: (not one.calls, one.ends, one.party)))

    def _held(self, party: Party, one: x509.Certificate, purpose: Purpose) -> Held:
        at, ends = self.now(), one.not_valid_after_utc
        soon = ends <= at + WARNED
        try:
            chain = self.anchors.chain(one, purpose, at)
            known = (
                []
                if self.revocation is None
                else [self.revocation.standing(leaf, issuer, at) for leaf, issuer in pairwise(chain)]
            )
        except Untrusted:
            return Held(party.id, purpose, ends, Known.UNKNOWN, None, soon)
        return Held(party.id, purpose, ends, _worst(known), min((s.until for s in known), default=None), soon)


def _worst(known: list[Standing]) -> Known:
    if not known:
        return Known.UNASKED
    return Known.GRACE if any(standing.in_grace for standing in known) else Known.GOOD
