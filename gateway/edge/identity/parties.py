"""The registry of parties: who may send what for whom, by which keys. Reviewed data; who is not in it gets nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from cryptography import x509

from gateway.core.vocabulary import MessageKind, Role
from gateway.edge.identity.mtls import thumbprint
from gateway.edge.seal.payload import Peer
from gateway.model import Identifier


class IssuerKind(StrEnum):
    """How an issuer of tokens says who the client is."""

    SMART = "smart"  # SMART Backend Services: the client alone
    HELSEID = "helseid"  # the client and its organisation; may carry the person who is logged in
    MASKINPORTEN = "maskinporten"  # the consumer organisation, and a supplier acting for it


class Binding(StrEnum):
    """How an issuer's tokens are tied to their holder."""

    DPOP = "dpop"
    MTLS = "mtls"
    EITHER = "either"
    BEARER = "bearer"  # not at all: whoever has the token is the holder


class Wrapping(StrEnum):
    """What messages to and from a party travel in."""

    PLAIN = "plain"  # as they are: the channel protects them
    SIGNED = "signed"  # with an XML signature
    SOAP = "soap"  # as they are, in the envelope of a RIV-TA call
    SEALED = "sealed"  # signed, compressed if agreed, and encrypted for the recipient


class Transport(StrEnum):
    """How messages are carried to a party, and from it."""

    HTTPS = "https"  # posted as they are, with a client certificate
    EBMS = "ebms"  # ebMS 2.0 by an agreement
    EDI = "edi"  # NHN's message service (EDI 2.0), by HER-id


@dataclass(frozen=True, slots=True)
class Way:
    """The transport of a party; `agreement` is the file of the CPA that ebMS needs, and EDI may have."""

    transport: Transport = Transport.HTTPS
    agreement: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """An issuer of access tokens. `lifetime` is the longest a token may live, in seconds."""

    id: str
    kind: IssuerKind
    jwks: str
    audience: frozenset[str]
    algorithms: frozenset[str]
    binding: Binding
    lifetime: int = 600
    example: bool = False


@dataclass(frozen=True, slots=True)
class Client:
    """A client id at an issuer; `jwks` is where the client publishes its own keys (SMART Backend Services)."""

    issuer: str
    id: str
    jwks: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a party may send: the largest body in bytes, requests a minute, and how many at once above that."""

    body: int = 5 * 1024 * 1024
    per_minute: int = 600
    burst: int = 60


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a party is delivered to from one node: messages at once and a second; 0 is what the settings say.

    A party that fetches has no channel: its messages wait in its inbox.
    """

    at_once: int = 0
    per_second: int = 0
    fetches: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """One party: an organisation in a role, and everything by which it is known.

    `behalf` are the organisation numbers and HSA-ids it may send for (its own among them). `transport`, `signing` and
    `sealing` are certificates: what it connects with, what it signs with, what we seal for. `formats` are what it
    reads, the preferred first. `scopes` is the most it is ever granted.
    """

    id: str
    name: str
    roles: frozenset[Role]
    organisation: str = ""
    her_id: str = ""
    hsa_id: str = ""
    sends: frozenset[MessageKind] = frozenset()
    behalf: frozenset[str] = frozenset()
    formats: tuple[str, ...] = ()
    scopes: frozenset[str] = frozenset()
    clients: tuple[Client, ...] = ()
    suppliers: frozenset[str] = frozenset()
    transport: tuple[x509.Certificate, ...] = ()
    signing: tuple[x509.Certificate, ...] = ()
    sealing: tuple[x509.Certificate, ...] = ()
    endpoints: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = Limits()
    delivery: Delivery = Delivery()
    way: Way = Way()
    envelope: Wrapping = Wrapping.PLAIN
    legacy: bool = False
    compress: bool = False
    example: bool = False

    def may_send(self, kind: MessageKind, role: Role, organisation: str) -> bool:
        """Whether it may send this kind of message, in this role, for this organisation."""
        return kind in self.sends and role in self.roles and organisation in self.behalf

    def is_named(self, identifiers: Iterable[Identifier]) -> bool:
        """Whether one of these is its HER-id, organisation number or HSA-id."""
        own = {("her", self.her_id), ("orgnr", self.organisation), ("hsa", self.hsa_id)}
        return any((one.kind, one.value) in own for one in identifiers if one.value)

    def peer(self, at: datetime) -> Peer:
        """Give what `gateway.edge.seal.payload` needs: the certificates that are valid at `at` (aware, UTC)."""
        return Peer(_valid(self.signing, at), _valid(self.sealing, at), self.compress, self.legacy)


class Registry:
    """Parties and issuers, found by what a request can prove."""

    def __init__(self, parties: Iterable[Party], issuers: Iterable[Issuer] = ()) -> None:
        self.parties = {party.id: party for party in parties}
        self.issuers = {issuer.id: issuer for issuer in issuers}
        everyone = self.parties.values()
        self._clients = {(client.issuer, client.id): party for party in everyone for client in party.clients}
        self._transport = {thumbprint(one): party for party in everyone for one in party.transport}
        self._her = {party.her_id: party for party in everyone if party.her_id}

    def party(self, id: str) -> Party | None:  # noqa: A002 - the registry's own word
        """Give the party with this id."""
        return self.parties.get(id)

    def in_role(self, role: Role) -> list[Party]:
        """Give the parties in a role, in the order of the register."""
        return [party for party in self.parties.values() if role in party.roles]

    def by_client(self, issuer: str, client: str) -> Party | None:
        """Give the party that is this client at this issuer."""
        return self._clients.get((issuer, client))

    def by_certificate(self, certificate: x509.Certificate) -> Party | None:
        """Give the party that connects with exactly this certificate."""
        return self._transport.get(thumbprint(certificate))

    def by_her_id(self, her_id: str) -> Party | None:
        """Give the party with this HER-id (NHN's address register)."""
        return self._her.get(her_id)


def _valid(certificates: Iterable[x509.Certificate], at: datetime) -> tuple[x509.Certificate, ...]:
    return tuple(one for one in certificates if one.not_valid_before_utc <= at <= one.not_valid_after_utc)
