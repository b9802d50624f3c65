"""The parties on ebMS: their agreements read and held against the register, and what sends to and takes from them."""

from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from adapters import ebxml
from gateway.core.ebxml import Agreement, PartyId
from gateway.core.errors import ConfigurationError, Fault, NotAcceptable
from gateway.edge.delivery.terms import Agreed, Retry, Terms
from gateway.edge.ebms.channel import addressed
from gateway.edge.ebms.msh import Msh, Relation
from gateway.edge.envelopes import Envelopes
from gateway.edge.identity.parties import Party, Registry, Transport, Wrapping
from gateway.edge.seal.keys import Keys
from gateway.wiring.identity import now


def relations(registry: Registry, base_url: str) -> dict[str, Relation]:
    """Give what is agreed with each party on ebMS. Raises `ConfigurationError` with every fault at once."""
    host = urlsplit(base_url).hostname or "samspill"
    made: dict[str, Relation] = {}
    faults: list[Fault | str] = []
    for party in registry.parties.values():
        if party.way.transport is Transport.EBMS:
            try:
                made[party.id] = relation(party, host)
            except ConfigurationError as error:
                faults += error.faults
    if faults:
        raise ConfigurationError(faults)
    return made


def mshs(agreed: Mapping[str, Relation], envelopes: Envelopes, keys: Keys) -> dict[str, Msh]:
    """Give what speaks ebMS with each party on it."""
    return {name: Msh(one, ebxml, keys, _signers(envelopes, name), now) for name, one in agreed.items()}


def _signers(envelopes: Envelopes, party: str) -> Callable[[], list[x509.Certificate]]:
    return lambda: envelopes.signers(party)


def relation(party: Party, host: str) -> Relation:
    """Read a party's agreement. Raises `ConfigurationError` for one that cannot be read or says otherwise."""
    file = party.way.agreement
    try:
        agreement = ebxml.read_agreement(file.read_bytes() if file else b"")
    except (OSError, NotAcceptable) as error:
        raise ConfigurationError([f"{file}: {error}"]) from None
    sides = agreement.sides((PartyId("HER", party.her_id), PartyId("ENH", party.organisation)))
    if sides is None:
        raise ConfigurationError([f"{file}: party {party.id} is not one of the agreement's two"])
    made = Relation(party.id, agreement, *sides, host)
    if faults := [f"{file}: {what}" for what in _otherwise(party, made, agreement)]:
        raise ConfigurationError(faults)
    return made


def _otherwise(party: Party, made: Relation, agreement: Agreement) -> Iterator[str]:
    """Say where the register and the agreement do not say the same."""
    for kind, held, agreed in (
        ("signing", party.signing, made.theirs.signing),
        ("sealing", party.sealing, made.theirs.sealing),
    ):
        if agreed and not {one.public_bytes(Encoding.DER) for one in held} & set(agreed):
            yield f"the agreement has other {kind} certificates for {party.id} than the register; renew one of the two"
    packed = {kind for one in made.ours.bindings if one.sends for kind in one.packing}
    sealed, compressed = "application/pkcs7-mime" in packed, any("gzip" in kind for kind in packed)
    if sealed != (party.envelope is Wrapping.SEALED):
        yield f"the agreement and `envelope` of {party.id} differ in whether documents are sealed"
    if compressed and not party.compress:
        yield f"the agreement has documents compressed; say `compress: yes` for {party.id}"
    if agreement.status not in {"", "agreed", "signed", "proposed"}:
        yield "the agreement's status is none that is known"


def agreed_terms(terms: Terms, msh: Msh) -> Terms:
    """Give the terms of a party with the retries that its agreement says."""
    reliable = msh.relation.reliability
    if reliable is None or reliable.persist is None or not reliable.retry_interval:
        return terms
    usual = terms.retry if isinstance(terms.retry, Retry) else Retry()
    agreed = Agreed(reliable.retries or 0, reliable.retry_interval, reliable.persist, usual)
    return Terms(
        concurrency=terms.concurrency,
        rate=terms.rate,
        patience=terms.patience,
        retry=agreed,
        breaker=terms.breaker,
        acknowledges=terms.acknowledges,
        receipt_within=terms.receipt_within,
    )


def media_type(media: str, document: bytes) -> str:
    """Give the media type of a document that goes over ebMS, with the service it goes to."""
    address = ebxml.address_of(document)
    if address is None:
        raise ConfigurationError(["no service of ebMS takes this kind of document; the party is to get it by another"])
    return addressed(media, address)
