"""NAV's side of the envelopes: what it signs and seals for the gateway, and opens from it."""

from pathlib import Path

from cryptography import x509

from gateway.edge.seal import payload, xmldsig
from gateway.edge.seal.keys import read_ring
from gateway.edge.seal.payload import Peer
from gateway.wiring.identity import now

MEDIA_TYPE = payload.MEDIA_TYPE


class Envelope:
    """Signs and seals as `actor`, for the gateway; `certificates` is the folder of the example certificates."""

    def __init__(self, certificates: Path, actor: str = "nav") -> None:
        gateway = [x509.load_pem_x509_certificate((certificates / "gateway-signing.pem").read_bytes())]
        self._ring = read_ring(certificates, f"{actor}-signing")
        self._gateway = Peer(gateway, gateway, compress=True)

    def close(self, xml: bytes) -> bytes:
        """Sign, compress and seal."""
        return payload.close(xml, self._ring.signing(now()), self._gateway)

    def unwrap(self, raw: bytes) -> bytes:
        """Give the document, whose signature holds if it is one that carries any. Raises `SealBroken`."""
        signed = payload.unwrap(raw, self._ring.opening(now()), self._gateway)
        if xmldsig.signable(signed):
            payload.verify(signed, self._gateway)
        return signed
