"""The agreement (CPA 2.0) between the demo's clinic and NAV in the sandbox, made for the certificates of a folder."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

NAME: Final = "samspill:sandbox:1"
SERVICES: Final = (
    ("Sykmelding", "Sykmelder", ("Registrering",), "Saksbehandler", ("Svar",)),
    ("Legemelding", "Lege", ("Legeerklaring",), "Nav", ("Svarmelding",)),
    ("HenvendelseFraLege", "Sykmelder", ("Henvendelse",), "Saksbehandler", ("Svar",)),
    (
        "ForesporselFraSaksbehandler",
        "Sykmelder",
        ("ForesporselSvar", "Kvittering"),
        "Saksbehandler",
        ("Foresporsel", "Svar"),
    ),
    ("HenvendelseFraSaksbehandler", "Sykmelder", ("Kvittering",), "Saksbehandler", ("Henvendelse",)),
    ("Oppfolgingsplan", "Sykmelder", ("Plan", "Kvittering"), "Saksbehandler", ("Plan", "Svar")),
    ("DialogmoteInnkalling", "Sykmelder", ("MoteRespons", "Kvittering"), "Saksbehandler", ("MoteInnkalling", "Svar")),
)
"""Service, the clinic's role and actions, NAV's role and actions; that a plan goes to NAV so is the demo's alone."""


@dataclass(frozen=True, slots=True)
class Reliability:
    """How often, how far apart and for how long a message is sent; whether signals are answered at once."""

    retries: int = 4
    interval: str = "PT1M"
    persist: str = "P4D"
    sync: str = "mshSignalsOnly"


def write(file: Path, certificates: Path, nav: str, gateway: str, terms: Reliability | None = None) -> Path:
    """Write the agreement to a file: NAV takes messages at the URL `nav`, the clinic at `gateway`."""
    now, terms = datetime.now(UTC), terms or Reliability()
    clinic = _party("clinic", (("HER", "990001"), ("ENH", "315000009")), certificates / "gateway-signing.pem")
    authority = _party("nav", (("HER", "990002"), ("ENH", "310000000")), certificates / "nav-signing.pem")
    ways = (_way(gateway, terms), _way(nav, terms))
    roles = (
        "".join(_role(name, role, sends, takes) for name, role, sends, _other, takes in SERVICES),
        "".join(_role(name, role, sends, takes) for name, _other, takes, role, sends in SERVICES),
    )
    file.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<CollaborationProtocolAgreement'
        ' xmlns="http://www.oasis-open.org/committees/ebxml-cppa/schema/cpp-cpa-2_0.xsd"'
        f' xmlns:ds="http://www.w3.org/2000/09/xmldsig#" cpaid="{NAME}" version="2_0b"><Status value="agreed"/>'
        f"<Start>{_time(now - timedelta(days=1))}</Start><End>{_time(now + timedelta(days=365))}</End>"
        + "".join(
            f"{head}{own}{certificate}{way}</PartyInfo>"
            for (head, certificate), own, way in zip((clinic, authority), roles, ways, strict=True)
        )
        + '<Packaging id="sealed"><CompositeList><Encapsulation mimetype="application/x-gzip"/>'
        '<Encapsulation mimetype="application/pkcs7-mime"/></CompositeList></Packaging>'
        "</CollaborationProtocolAgreement>\n",
        "utf-8",
    )
    return file


def _party(name: str, ids: tuple[tuple[str, str], ...], certificate: Path) -> tuple[str, str]:
    der = x509.load_pem_x509_certificate(certificate.read_bytes()).public_bytes(Encoding.DER)
    numbers = "".join(f'<PartyId type="{kind}">{value}</PartyId>' for kind, value in ids)
    info = f"<ds:X509Data><ds:X509Certificate>{base64.b64encode(der).decode()}</ds:X509Certificate></ds:X509Data>"
    return (
        f'<PartyInfo partyName="{name}">{numbers}',
        f'<Certificate certId="own"><ds:KeyInfo>{info}</ds:KeyInfo></Certificate>',
    )


def _role(service: str, role: str, sends: tuple[str, ...], takes: tuple[str, ...]) -> str:
    actions = "".join(
        f'<{way}><ThisPartyActionBinding id="{service}-{action}" action="{action}" packageId="sealed">'
        f"<ChannelId>http</ChannelId></ThisPartyActionBinding></{way}>"
        for way, named in (("CanSend", sends), ("CanReceive", takes))
        for action in named
    )
    return (
        f'<CollaborationRole><Role name="{role}"/><ApplicationCertificateRef certId="own"/><ServiceBinding>'
        f'<Service type="string">{service}</Service>{actions}</ServiceBinding></CollaborationRole>'
    )


def _way(url: str, terms: Reliability) -> str:
    return (
        '<DeliveryChannel channelId="http" transportId="t" docExchangeId="d"><MessagingCharacteristics'
        f' syncReplyMode="{terms.sync}" ackRequested="always" ackSignatureRequested="always"'
        ' duplicateElimination="always"/></DeliveryChannel><Transport transportId="t"><TransportReceiver>'
        f'<TransportProtocol version="1.1">HTTP</TransportProtocol><Endpoint uri="{url}" type="allPurpose"/>'
        '</TransportReceiver></Transport><DocExchange docExchangeId="d"><ebXMLSenderBinding version="2.0">'
        f"<ReliableMessaging><Retries>{terms.retries}</Retries><RetryInterval>{terms.interval}</RetryInterval>"
        "<MessageOrderSemantics>NotGuaranteed</MessageOrderSemantics></ReliableMessaging>"
        f"<PersistDuration>{terms.persist}</PersistDuration><SenderNonRepudiation>"
        '<SigningCertificateRef certId="own"/></SenderNonRepudiation></ebXMLSenderBinding></DocExchange>'
    )


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
