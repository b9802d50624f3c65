"""Reads the registry of parties from `mappings/parties/*.yaml`, every mistake at its line and column."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from cryptography import x509

from gateway.core.errors import ConfigurationError, Fault
from gateway.core.identifiers import Kind, is_valid
from gateway.core.vocabulary import MessageKind, Role
from gateway.edge.identity import entries as e
from gateway.edge.identity.mtls import thumbprint
from gateway.edge.identity.parties import (
    Binding,
    Client,
    Delivery,
    Issuer,
    IssuerKind,
    Limits,
    Party,
    Registry,
    Transport,
    Way,
    Wrapping,
)
from gateway.edge.identity.tokens import ASYMMETRIC
from gateway.mapping.load.yamltext import Block, compose
from gateway.mapping.nearest import nearest

Certificates = Callable[[str], x509.Certificate]
"""Gives the certificate of a name in the registry; raises `OSError` or `ValueError`."""

_PARTY = frozenset(
    (
        *("name", "organisation", "her-id", "hsa-id", "roles", "sends", "for", "formats", "scopes", "clients"),
        *("suppliers", "transport", "signing", "sealing", "endpoints", "limits", "delivery"),
        *("envelope", "legacy", "compress", "channel", "agreement", "example"),
    )
)
_ISSUER = frozenset({"kind", "jwks", "audience", "algorithms", "binding", "lifetime", "example"})


def load(folder: Path, certificates: Path) -> Registry:
    """Read every registry file in `folder`; certificates are PEM files in the folder `certificates`.

    Raises `ConfigurationError` with every fault at once.
    """

    def certificate(name: str) -> x509.Certificate:
        if Path(name).name != name:
            raise ValueError("a certificate is named, not its path")
        return x509.load_pem_x509_certificate((certificates / name).read_bytes())

    files = {str(path): path.read_text("utf-8") for path in sorted(folder.glob("*.yaml"))}
    registry, faults = read(files, certificate)
    if faults:
        raise ConfigurationError(faults)
    return registry


def read(files: Mapping[str, str], certificate: Certificates) -> tuple[Registry, tuple[Fault, ...]]:
    """Read registry texts by file name; give what could be read, and every fault."""
    faults: list[Fault] = []
    issuers: list[tuple[Block, Issuer]] = []
    parties: list[tuple[Block, Party]] = []
    for file, content in files.items():
        root = compose(content, file, faults)
        found = root.entries(frozenset({"issuers", "parties"})) if root else {}
        issuers += [(name, _issuer(name, block)) for name, block in _items(found, "issuers")]
        parties += [(name, _party(name, block, certificate)) for name, block in _items(found, "parties")]
    _across(issuers, parties)
    return Registry((party for _, party in parties), (issuer for _, issuer in issuers)), tuple(faults)


def _items(found: Mapping[str, Block], key: str) -> Iterator[tuple[Block, Block]]:
    return found[key].items() if key in found else iter(())


def _issuer(name: Block, block: Block) -> Issuer:
    found = block.entries(_ISSUER)
    e.need(name, found, "kind", "jwks", "audience", "algorithms", "binding")
    return Issuer(
        id=e.https(name),
        kind=e.word(found, "kind", IssuerKind),
        jwks=e.https(found["jwks"]) if "jwks" in found else "",
        audience=frozenset(item.text() for item in e.texts(found, "audience")),
        algorithms=e.words(found, "algorithms", ASYMMETRIC),
        binding=e.word(found, "binding", Binding),
        lifetime=e.number(found, "lifetime", 600),
        example=e.flag(found, "example"),
    )


def _party(name: Block, block: Block, certificate: Certificates) -> Party:
    found = block.entries(_PARTY)
    e.need(name, found, "name", "roles")
    organisation = _organisation(found["organisation"]) if "organisation" in found else ""
    return Party(
        id=name.text(),
        name=e.text(found, "name"),
        roles=frozenset(map(Role, e.words(found, "roles", Role))),
        organisation=organisation,
        her_id=_her_id(found),
        hsa_id=_hsa_id(found),
        sends=frozenset(map(MessageKind, e.words(found, "sends", MessageKind))),
        behalf=frozenset(map(_sender, e.texts(found, "for"))) | ({organisation, e.text(found, "hsa-id")} - {""}),
        formats=tuple(item.text() for item in e.texts(found, "formats")),
        scopes=frozenset(item.text() for item in e.texts(found, "scopes")),
        clients=tuple(map(_client, found["clients"].list())) if "clients" in found else (),
        suppliers=frozenset(map(_organisation, e.texts(found, "suppliers"))),
        transport=_certificates(found, "transport", certificate),
        signing=_certificates(found, "signing", certificate),
        sealing=_certificates(found, "sealing", certificate),
        endpoints={key.text(): e.https(value) for key, value in _items(found, "endpoints")},
        limits=_limits(found),
        delivery=_delivery(found),
        way=_way(found),
        envelope=_envelope(found),
        legacy=e.flag(found, "legacy"),
        compress=e.flag(found, "compress"),
        example=e.flag(found, "example"),
    )


def _way(found: Mapping[str, Block]) -> Way:
    transport = e.word(found, "channel", Transport) if "channel" in found else Transport.HTTPS
    if transport is Transport.HTTPS:
        if "agreement" in found:
            found["agreement"].fault(
                "only a party on ebms or edi has an agreement", "say channel: ebms, or leave it out"
            )
        return Way(transport)
    if transport is Transport.EDI:
        _fits_edi(found)
    if "agreement" not in found:
        if transport is Transport.EBMS:
            found["channel"].fault("what goes over ebms needs an agreement", "name its CPA, a file beside this one")
        return Way(transport)
    block = found["agreement"]
    file = Path(block.file).parent / block.text()
    if Path(block.text()).name != block.text() or not file.is_file():
        block.fault("there is no such agreement", "name a CPA file in this folder")
    return Way(transport, file)


def _fits_edi(found: Mapping[str, Block]) -> None:
    """Say what of a party the message service cannot carry: it knows HER-ids, and reads what it is given."""
    if "her-id" not in found:
        found["channel"].fault("what goes over edi goes to a HER-id", "give the party its her-id")
    if "envelope" in found and found["envelope"].text() in {Wrapping.SEALED.value, Wrapping.SOAP.value}:
        found["envelope"].fault("the message service reads and seals documents itself", "say envelope: signed or plain")


def _envelope(found: Mapping[str, Block]) -> Wrapping:
    if "envelope" not in found:
        return Wrapping.PLAIN
    stated = e.word(found, "envelope", Wrapping)
    needed = {Wrapping.SIGNED: ("signing",), Wrapping.SEALED: ("signing", "sealing")}.get(stated, ())
    for key in (key for key in needed if key not in found):
        found["envelope"].fault(f"what is {stated} needs certificates under {key}", "name at least one")
    if stated is Wrapping.SOAP and not {"hsa-id", "organisation"} & found.keys():
        found["envelope"].fault("a RIV-TA service has a logical address", "give an hsa-id or an organisation")
    return stated


def _organisation(block: Block) -> str:
    if not is_valid(block.text(), Kind.ORGANISATION):
        block.fault("this is not an organisation number", "nine digits, the last a check digit")
    return block.text()


def _sender(block: Block) -> str:
    return block.text() if is_valid(block.text(), Kind.HSA) else _organisation(block)


def _her_id(found: Mapping[str, Block]) -> str:
    stated = e.text(found, "her-id")
    if stated and not is_valid(stated, Kind.HER):
        found["her-id"].fault("this is not a HER-id", "up to eight digits")
    return stated


def _hsa_id(found: Mapping[str, Block]) -> str:
    stated = e.text(found, "hsa-id")
    if stated and not is_valid(stated, Kind.HSA):
        found["hsa-id"].fault("this is not an HSA-id", "SE, ten digits, a hyphen, then letters and digits")
    return stated


def _client(block: Block) -> Client:
    found = block.entries(frozenset({"issuer", "id", "jwks"}))
    for key in ("issuer", "id"):
        if key not in found:
            block.fault(f"a client has no {key}")
    jwks = e.https(found["jwks"]) if "jwks" in found else ""
    return Client(e.text(found, "issuer"), e.text(found, "id"), jwks)


def _limits(found: Mapping[str, Block]) -> Limits:
    if "limits" not in found:
        return Limits()
    stated = found["limits"].entries(frozenset({"body", "per-minute", "burst"}))
    usual = Limits()
    return Limits(
        e.number(stated, "body", usual.body),
        e.number(stated, "per-minute", usual.per_minute),
        e.number(stated, "burst", usual.burst),
    )


def _delivery(found: Mapping[str, Block]) -> Delivery:
    known = frozenset({"at-once", "per-second", "fetches"})
    stated = found["delivery"].entries(known) if "delivery" in found else {}
    return Delivery(e.number(stated, "at-once", 0), e.number(stated, "per-second", 0), e.flag(stated, "fetches"))


def _certificates(found: Mapping[str, Block], key: str, certificate: Certificates) -> tuple[x509.Certificate, ...]:
    read_ones = []
    for item in e.texts(found, key):
        try:
            read_ones.append(certificate(item.text()))
        except (OSError, ValueError):
            item.fault(
                "there is no such certificate, or it cannot be read", "name a PEM file in the certificate folder"
            )
    return tuple(read_ones)


def _across(issuers: list[tuple[Block, Issuer]], parties: list[tuple[Block, Party]]) -> None:
    """Find what is wrong between entries: doubled ids, clients and certificates, and issuers that are not here."""
    known = frozenset(issuer.id for _, issuer in issuers)
    owners: dict[tuple[str, ...], str] = {}
    proofs: list[tuple[Block, str, tuple[str, ...]]] = []
    proofs += [(name, issuer.id, ("issuer", issuer.id)) for name, issuer in issuers]
    for name, party in parties:
        proofs += [(name, party.id, proof) for proof in _proofs(party)]
        for client in party.clients:
            if client.issuer and client.issuer not in known:
                name.fault(f"{party.id} is a client of an issuer that is not here", nearest(client.issuer, known))
    for name, owner, proof in proofs:
        if proof in owners:
            name.fault(f"{owners[proof]} has this {proof[0]} already")
        owners.setdefault(proof, owner)


def _proofs(party: Party) -> Iterator[tuple[str, ...]]:
    """By what a party is known, each of which belongs to one party only."""
    yield "id", party.id
    if party.her_id:
        yield "her-id", party.her_id
    for client in party.clients:
        yield "client", client.issuer, client.id
    for one in party.transport:
        yield "transport", thumbprint(one)
