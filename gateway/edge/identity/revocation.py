"""Fetches what `gateway.edge.trust.Revocation` knows: CRLs and OCSP answers from the places that certificates name.

A certificate is only believed about hosts that we were given, since it is read before it is trusted, and a place it
names could be anywhere (server-side request forgery). Run `refresh` ahead of need, at start and then by the clock.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final
from urllib.parse import urlsplit

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from gateway.edge.identity.fetch import bounded
from gateway.edge.trust import Revocation, Untrusted

LARGEST: Final = 20 * 1024 * 1024
"""Bytes of a revocation list that are read."""

Ask = Callable[[str, bytes | None], Awaitable[bytes]]
"""Gives the body behind a URL, posting the given bytes if there are any; raises `OSError` or `httpx.HTTPError`."""


class RevocationSources:
    """Asks the sources at `hosts` (host names, with port where it is not the scheme's own) for a chain's standing."""

    def __init__(self, revocation: Revocation, ask: Ask, hosts: Iterable[str]) -> None:
        self._revocation = revocation
        self._ask = ask
        self._hosts = frozenset(hosts)

    async def refresh(self, chain: Sequence[x509.Certificate], at: datetime) -> tuple[str, ...]:
        """Fetch anew for each certificate of `chain` (leaf first); give what could not be had, for the officer."""
        missed: list[str] = []
        for leaf, issuer in pairwise(chain):
            urls = [*self._allowed(_lists(leaf)), *self._allowed(_responders(leaf))]
            asked = [await self._one(url, leaf, issuer, at) for url in urls]
            if not any(asked):
                missed.append(f"no revocation source answered for a certificate by {_common_name(issuer)}")
        return tuple(missed)

    async def _one(self, url: str, leaf: x509.Certificate, issuer: x509.Certificate, at: datetime) -> bool:
        try:
            if url in _lists(leaf):
                self._revocation.add_list(await self._ask(url, None), issuer, at)
            else:
                request = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, hashes.SHA256()).build()
                answer = await self._ask(url, request.public_bytes(Encoding.DER))
                self._revocation.add_answer(answer, leaf, issuer, at)
        except (OSError, httpx.HTTPError, Untrusted):
            return False
        return True

    def _allowed(self, urls: Iterable[str]) -> Iterator[str]:
        for url in urls:
            try:
                parts = urlsplit(url)
            except ValueError:
                continue
            if parts.scheme in {"http", "https"} and parts.netloc in self._hosts:
                yield url


def asking(client: httpx.AsyncClient) -> Ask:
    """Ask over HTTP with `client`; answers are signed, so plain HTTP is enough."""

    async def ask(url: str, body: bytes | None) -> bytes:
        headers = {"Content-Type": "application/ocsp-request"} if body is not None else {}
        method = "GET" if body is None else "POST"
        return await bounded(client, client.build_request(method, url, content=body, headers=headers), LARGEST)

    return ask


def _lists(leaf: x509.Certificate) -> list[str]:
    try:
        points = leaf.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return []
    return [
        str(name.value)
        for point in points
        for name in point.full_name or ()
        if isinstance(name, x509.UniformResourceIdentifier)
    ]


def _responders(leaf: x509.Certificate) -> list[str]:
    try:
        access = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return []
    return [
        str(one.access_location.value)
        for one in access
        if one.access_method == AuthorityInformationAccessOID.OCSP
        and isinstance(one.access_location, x509.UniformResourceIdentifier)
    ]


def _common_name(issuer: x509.Certificate) -> str:
    names = issuer.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value) if names else "an authority without a name"
