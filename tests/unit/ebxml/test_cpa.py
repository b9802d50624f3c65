import base64
from datetime import UTC, datetime

import pytest

from adapters.ebxml import address_of, answer_to, read_agreement
from gateway.core.ebxml import Address, PartyId
from gateway.core.errors import NotAcceptable

CERTIFICATE = base64.b64encode(b"certificate").decode()


def party(name, her, sends, receives):
    def binding(way, number, action):
        return (
            f"<p:{way}><p:ThisPartyActionBinding p:id='{name}-{number}' p:action='{action}' p:packageId='pack'>"
            f"<p:ChannelId>http</p:ChannelId></p:ThisPartyActionBinding>"
            f"<p:OtherPartyActionBinding>other</p:OtherPartyActionBinding></p:{way}>"
        )

    return f"""<p:PartyInfo p:partyName="{name}"><p:PartyId p:type="HER">{her}</p:PartyId>
      <p:CollaborationRole><p:Role p:name="Sykmelder"/><p:ApplicationCertificateRef p:certId="crypt"/>
        <p:ServiceBinding><p:Service p:type="string">Sykmelding</p:Service>
        {binding("CanSend", 1, sends)}{binding("CanReceive", 2, receives)}</p:ServiceBinding></p:CollaborationRole>
      <p:Certificate p:certId="crypt"><d:KeyInfo><d:X509Data><d:X509Certificate>{CERTIFICATE}</d:X509Certificate>
      </d:X509Data></d:KeyInfo></p:Certificate>
      <p:DeliveryChannel p:channelId="http" p:transportId="t" p:docExchangeId="d"><p:MessagingCharacteristics
        p:syncReplyMode="mshSignalsOnly" p:ackRequested="always" p:duplicateElimination="always"/></p:DeliveryChannel>
      <p:Transport p:transportId="t"><p:TransportReceiver><p:TransportProtocol>HTTP</p:TransportProtocol>
        <p:Endpoint p:uri="https://{name}.example/msh"/></p:TransportReceiver></p:Transport>
      <p:DocExchange p:docExchangeId="d"><p:ebXMLSenderBinding><p:ReliableMessaging><p:Retries>4</p:Retries>
        <p:RetryInterval>PT720M</p:RetryInterval><p:MessageOrderSemantics>NotGuaranteed</p:MessageOrderSemantics>
        </p:ReliableMessaging><p:PersistDuration>P4D</p:PersistDuration><p:SenderNonRepudiation>
        <p:SigningCertificateRef p:certId="crypt"/></p:SenderNonRepudiation></p:ebXMLSenderBinding></p:DocExchange>
    </p:PartyInfo>"""


def agreement(one=None, other=None):
    return f"""<p:CollaborationProtocolAgreement xmlns:d="http://www.w3.org/2000/09/xmldsig#" p:cpaid="example:1"
      xmlns:p="http://www.oasis-open.org/committees/ebxml-cppa/schema/cpp-cpa-2_0.xsd"><p:Status p:value="agreed"/>
      <p:Start>2026-01-01T00:00:00Z</p:Start><p:End>2028-01-01T00:00:00Z</p:End>
      {party("us", "990001", "Registrering", "Svar") if one is None else one}
      {party("nav", "990002", "Svar", "Registrering") if other is None else other}
      <p:Packaging p:id="pack"><p:CompositeList>
        <p:Encapsulation p:mimetype="application/x-gzip"/><p:Encapsulation p:mimetype="application/pkcs7-mime"/>
        <p:Composite p:mimetype="multipart/related"/></p:CompositeList></p:Packaging>
    </p:CollaborationProtocolAgreement>""".encode()


def test_an_agreement_says_who_sends_what_where_how_often_and_how_packed():
    read = read_agreement(agreement())
    assert (read.id, read.status, read.end) == ("example:1", "agreed", datetime(2028, 1, 1, tzinfo=UTC))
    ours, theirs = read.sides([PartyId("HER", "990002")])
    assert (ours.name, theirs.name) == ("us", "nav")
    assert read.sides([PartyId("HER", "1")]) is None
    binding = ours.binding("Sykmelding", "Registrering", sends=True)
    assert (binding.role, binding.packing) == ("Sykmelder", ("application/x-gzip", "application/pkcs7-mime"))
    assert ours.binding("Sykmelding", "Registrering", sends=False) is None
    (channel,) = theirs.binding("Sykmelding", "Registrering", sends=False).channels
    assert (channel.protocol, channel.endpoints) == ("HTTP", {"allPurpose": "https://nav.example/msh"})
    assert (channel.retries, channel.retry_interval, channel.persist) == (4, 43200.0, 345600.0)
    assert (channel.sync_reply, channel.duplicate_elimination) == ("mshSignalsOnly", "always")
    assert theirs.signing == theirs.sealing == (b"certificate",)


def test_every_fault_of_an_agreement_is_told_at_its_place():
    raw = agreement(other="").replace(b"P4D", b"P1M").replace(b"<p:Retries>4", b"<p:Retries>many")
    raw = raw.replace(b'SigningCertificateRef p:certId="crypt"', b'SigningCertificateRef p:certId="none"')
    with pytest.raises(NotAcceptable) as caught:
        read_agreement(raw.replace(b"2026-01-01T00:00:00Z", b"planted"))
    assert {issue.at for issue in caught.value.issues} == {
        "/CollaborationProtocolAgreement",
        "/PartyInfo[1]/DeliveryChannel//Retries",
        "/PartyInfo[1]/DeliveryChannel//PersistDuration",
        "/PartyInfo[1]/DeliveryChannel//SigningCertificateRef",
        "/Start",
    }
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize("raw", [b"", b"<a/>", b"<!DOCTYPE a [<!ENTITY x 'y'>]><a/>"])
def test_what_is_no_agreement_is_refused(raw):
    with pytest.raises(NotAcceptable):
        read_agreement(raw)


@pytest.mark.parametrize(
    ("payload", "service", "action"),
    [
        ("<HelseOpplysningerArbeidsuforhet/>", "Sykmelding", "Registrering"),
        ("<Legeerklaring/>", "Legemelding", "Legeerklaring"),
        (
            "<Dialogmelding><TemaKodet S='2.16.578.1.12.4.1.1.8126'/></Dialogmelding>",
            "DialogmoteInnkalling",
            "MoteRespons",
        ),
        ("<Dialogmelding><TemaKodet S='x.8128'/></Dialogmelding>", "HenvendelseFraLege", "Henvendelse"),
        ("<Dialogmelding><TypeForesp S='x.9069'/></Dialogmelding>", "ForesporselFraSaksbehandler", "ForesporselSvar"),
    ],
)
def test_a_document_goes_to_the_service_that_takes_it(payload, service, action):
    found = address_of(f"<MsgHead>{payload}</MsgHead>".encode())
    assert (found.service, found.action) == (service, action)
    assert isinstance(found, Address)
    assert answer_to(service)


@pytest.mark.parametrize(
    "payload", [b"no xml", b"<MsgHead/>", b"<M><Dialogmelding><TemaKodet S='1'/></Dialogmelding></M>"]
)
def test_what_no_service_takes_has_no_address(payload):
    assert address_of(payload) is None
    assert answer_to("Unknown") == ""
