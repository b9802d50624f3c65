"""NHN's message service as the settings and the register say: what calls it, and the parties that are reached by it."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from adapters import ebxml
from gateway.core.errors import ConfigurationError, Fault, NotAcceptable, Rejected
from gateway.core.identifiers import Kind, is_valid
from gateway.edge.channel import Endpoint, HttpsChannel
from gateway.edge.config import Settings
from gateway.edge.edi import api
from gateway.edge.edi.channel import Overrides, none
from gateway.edge.edi.helseid import Client, HelseId, read_key
from gateway.edge.edi.service import MessageService
from gateway.edge.identity.parties import Party, Registry, Transport


def reached(registry: Registry) -> dict[str, Party]:
    """Give the parties on the message service, by HER-id."""
    return {one.her_id: one for one in registry.parties.values() if one.way.transport is Transport.EDI}


def service(settings: Settings, registry: Registry) -> MessageService | None:
    """Give what calls the message service; nothing when no party is on it.

    Raises `ConfigurationError` with every setting that is missing or wrong.
    """
    if not reached(registry):
        return None
    if faults := _faults(settings):
        raise ConfigurationError(faults)
    for party in reached(registry).values():
        overrides(party)
    key = read_key(settings.helseid_key) if settings.helseid_key else None
    if key is None:
        raise ConfigurationError(["setting helseid_key: a party is on edi, and this is missing"])
    issuer, url = settings.helseid_issuer.rstrip("/"), settings.edi_url.rstrip("/")
    helseid = HelseId(Client(issuer, settings.helseid_client, key), _http(settings, issuer))
    return MessageService(url, _http(settings, url), helseid)


def _faults(settings: Settings) -> list[Fault | str]:
    needed = ("edi_url", "edi_her_ids", "helseid_issuer", "helseid_client", "helseid_key")
    faults: list[Fault | str] = [
        f"setting {name}: a party is on edi, and this is missing; docs/operations/transports.md"
        for name in needed
        if not getattr(settings, name)
    ]
    for name in ("edi_url", "helseid_issuer"):
        parts = urlsplit(getattr(settings, name))
        if getattr(settings, name) and (parts.scheme != "https" or not parts.hostname or parts.query):
            faults.append(f"setting {name}: this is not an address that begins with https://")
    if not all(is_valid(one, Kind.HER) for one in settings.edi_her_ids):
        faults.append("setting edi_her_ids: one of them is not a HER-id")
    return faults


def _http(settings: Settings, url: str) -> HttpsChannel:
    """Give the connections to a place that knows us by tokens: no certificate of ours is shown."""
    largest = settings.body_bytes * 2
    return HttpsChannel(Endpoint(url, authorities=settings.certificates / "ca.pem", answer_limit=largest))


def overrides(party: Party) -> Overrides:
    """Give what a party's agreement demands of envelopes. Raises `ConfigurationError` for one that cannot be read."""
    file = party.way.agreement
    if file is None:
        return none
    try:
        agreement = ebxml.read_agreement(file.read_bytes())
    except (OSError, NotAcceptable) as error:
        raise ConfigurationError([f"{file}: {error}"]) from None

    def demanded(document: bytes) -> Mapping[str, str]:
        address = ebxml.address_of(document)
        if address is None:
            raise Rejected("no service of the agreement takes this kind of document")
        return api.overrides(agreement.id, address)

    return demanded
