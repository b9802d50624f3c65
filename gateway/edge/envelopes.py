"""What a message travels in, party by party: as it is, signed, or signed and sealed; both ways as the register says."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from cryptography import x509

from gateway.core.errors import ConfigurationError
from gateway.core.message import Rendered
from gateway.edge import soap
from gateway.edge.identity.parties import Registry, Wrapping
from gateway.edge.seal import SealBroken, payload, xmldsig
from gateway.edge.seal.keys import Keys
from gateway.edge.trust import Purpose, TrustChain, Untrusted


class Envelopes:
    """Closes what goes to a party, and opens what comes from it.

    `keys` are our own, `trust` holds each certificate of the register against its chain, purpose and revocation, and
    `now` gives the time (aware, UTC).
    """

    def __init__(self, registry: Registry, keys: Keys, trust: TrustChain, now: Callable[[], datetime]) -> None:
        self._registry, self._keys, self._trust, self._now = registry, keys, trust, now

    def close(self, party: str, rendered: Rendered) -> Rendered:
        """Sign and seal what goes to a party, as far as it demands.

        A document that cannot carry a signature in the profile is sealed without. Raises `ConfigurationError` for a
        party that is to be sealed for, and has no certificate that can be trusted now.
        """
        known = self._registry.parties[party]
        if known.envelope is Wrapping.PLAIN:
            return rendered
        if known.envelope is Wrapping.SOAP:
            return replace(
                rendered, body=soap.close(rendered.body, known.hsa_id or known.organisation), media_type=soap.MEDIA_TYPE
            )
        body = rendered.body
        if xmldsig.signable(body):
            body = xmldsig.sign(body, self._keys.signing(self._now()))
        if known.envelope is Wrapping.SIGNED:
            return replace(rendered, body=body)
        peer = known.peer(self._now())
        peer = replace(peer, recipients=self._trusted(peer.recipients, Purpose.SEAL))
        if not peer.recipients:
            raise ConfigurationError([f"party {party} has no sealing certificate that can be trusted now"])
        return replace(rendered, body=payload.wrap(body, peer), media_type=payload.MEDIA_TYPE)

    def open(self, party: str, raw: bytes) -> bytes:
        """Give what a party has sent: unsealed, and exactly what it signed. Raises `SealBroken`."""
        known = self._registry.parties[party]
        if known.envelope in (Wrapping.PLAIN, Wrapping.SOAP):
            return raw
        peer = replace(known.peer(self._now()), signers=self.signers(party))
        if not peer.signers:
            raise SealBroken("the party has no signing certificate that can be trusted now")
        if known.envelope is Wrapping.SEALED:
            raw = payload.unwrap(raw, self._keys.opening(self._now()), peer)
        return xmldsig.verify(raw, peer.signers)

    def signers(self, party: str) -> list[x509.Certificate]:
        """Give the certificates that a party may sign with now."""
        return self._trusted(self._registry.parties[party].peer(self._now()).signers, Purpose.SIGN)

    def _trusted(self, certificates: Iterable[x509.Certificate], purpose: Purpose) -> list[x509.Certificate]:
        """Give those that may be used so, now."""
        found = []
        for one in certificates:
            with suppress(Untrusted):
                self._trust(one, purpose)
                found.append(one)
        return found
