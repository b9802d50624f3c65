"""RFC 3161 time stamps of checkpoints: asked of an authority, and checked by anybody who has the authority's root.

A stamp says that a checkpoint was there at a time, by somebody who is not us; with it, a log rewritten later with our
own key is found to be later. It is the authority's whole answer (TimeStampResp, § 2.4.2), over the note's bytes.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import httpx

from gateway.core.errors import ConfigurationError, SamspillError

if TYPE_CHECKING:
    from pathlib import Path

QUERY: Final = "application/timestamp-query"
PATIENCE: Final = 10.0


class BadStamp(SamspillError):
    """A time stamp is not the authority's, or is of something else."""


class Stamps:
    """Checks stamps against the roots in a PEM file. Raises `ConfigurationError` for a file without any."""

    def __init__(self, roots: "Path") -> None:
        from cryptography import x509  # noqa: PLC0415 - only where stamps are looked at, as below

        try:
            self._roots = x509.load_pem_x509_certificates(roots.read_bytes())
        except (OSError, ValueError):
            raise ConfigurationError(
                [f"{roots}: certificates of time-stamping authorities are expected here"]
            ) from None

    def opened(self, stamp: bytes, note: str) -> datetime:
        """Give when a note was stamped, UTC. Raises `BadStamp`."""
        from cryptography import x509  # noqa: PLC0415 - as above
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
        from rfc3161_client import VerificationError, decode_timestamp_response  # noqa: PLC0415

        odd = (x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, UnsupportedAlgorithm)
        try:
            answer = decode_timestamp_response(stamp)
            self._verifier().verify_message(answer, note.encode())
        except (ValueError, TypeError, VerificationError, *odd):
            raise BadStamp("the time stamp is not the authority's, or is of another checkpoint") from None
        return answer.tst_info.gen_time

    def _verifier(self) -> Any:
        from rfc3161_client.verify import VerifierBuilder  # noqa: PLC0415 - as above

        return VerifierBuilder(roots=list(self._roots)).build()


def authority(url: str, stamps: Stamps, client: httpx.Client) -> Callable[[str], bytes]:
    """Give what has a note stamped: it raises `BadStamp` or `httpx.HTTPError` rather than give a wrong stamp."""

    def stamp(note: str) -> bytes:
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder  # noqa: PLC0415 - as above

        asked = TimestampRequestBuilder().data(note.encode()).hash_algorithm(HashAlgorithm.SHA256).build()
        answer = client.post(url, content=asked.as_bytes(), headers={"Content-Type": QUERY}, timeout=PATIENCE)
        answer.raise_for_status()
        stamps.opened(answer.content, note)
        return answer.content

    return stamp
