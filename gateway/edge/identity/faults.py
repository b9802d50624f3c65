"""What must not run outside the demo, as faults that `samspill check` and `serve` show; each function is pure."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from cryptography import x509

from gateway.core.identifiers import is_synthetic_organisation
from gateway.edge.identity.parties import Binding, Party, Registry
from gateway.edge.seal.keys import Key
from gateway.edge.trust import expiring

WARNED = timedelta(days=30)
"""How long before its expiry a certificate is a warning."""

IsExample = Callable[[x509.Certificate], bool]


def of_registry(registry: Registry, is_example: IsExample, *, demo: bool) -> tuple[str, ...]:
    """Give what in the registry belongs to the demo, when this is not the demo."""
    if demo:
        return ()
    found = [
        f"issuer {issuer.id} is an example; take it out of the registry outside demo mode"
        for issuer in registry.issuers.values()
        if issuer.example
    ]
    found += [
        f"issuer {issuer.id} gives tokens that are bound to nobody; let it bind them by DPoP or client certificate"
        for issuer in registry.issuers.values()
        if issuer.binding is Binding.BEARER
    ]
    for party in registry.parties.values():
        found += _of_party(party, is_example)
    return tuple(found)


def of_keys(keys: Iterable[Key], is_example: IsExample, *, demo: bool) -> tuple[str, ...]:
    """Give which of our own keys are examples, when this is not the demo."""
    if demo or not any(is_example(key.certificate) for key in keys):
        return ()
    return ("one of the gateway's own certificates is an example certificate; use one issued for this organisation",)


def of_expiry(registry: Registry, keys: Iterable[Key], at: datetime) -> tuple[str, ...]:
    """Give what has expired, or expires within `WARNED` of `at` (aware), ours and the parties'."""
    found = [_expires("the gateway", one, at) for one in expiring((key.certificate for key in keys), at, WARNED)]
    for party in registry.parties.values():
        own = (*party.transport, *party.signing, *party.sealing)
        found += [_expires(f"party {party.id}", one, at) for one in expiring(own, at, WARNED)]
    return tuple(dict.fromkeys(found))


def _of_party(party: Party, is_example: IsExample) -> list[str]:
    found = []
    if party.example:
        found.append(f"party {party.id} is an example; take it out of the registry outside demo mode")
    if any(map(is_synthetic_organisation, {party.organisation, *party.behalf} - {""})):
        found.append(f"party {party.id} has an organisation number of the synthetic series; use its real one")
    if any(map(is_example, (*party.transport, *party.signing, *party.sealing))):
        found.append(f"party {party.id} has an example certificate; use its real one")
    return found


def _expires(whose: str, certificate: x509.Certificate, at: datetime) -> str:
    day = certificate.not_valid_after_utc.date()
    verb = "expired" if certificate.not_valid_after_utc < at else "expires"
    return f"a certificate of {whose} {verb} on {day}; add its successor beside it before then"
