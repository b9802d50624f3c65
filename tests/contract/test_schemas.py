"""What our NAV schemas accept and reject, shown on small documents of our own, in both engines that use them."""

from functools import cache
from pathlib import Path

import pytest
import xmlschema
from lxml import etree

SCHEMAS = Path(__file__).parents[2] / "mappings/schema/nav"
KITH = "http://www.kith.no/xmlstds"
FK1 = f'xmlns:f="{KITH}/felleskomponent1"'

NAME = "<Navn><Etternavn>Testesen</Etternavn><Fornavn>Tore</Fornavn></Navn>"
NUMBER = '<f:Id>01810112345</f:Id><f:TypeId V="FNR" S="2.16.578.1.12.4.1.1.8116"/>'
PERIOD = (
    "<Periode><PeriodeFOMDato>2026-01-05</PeriodeFOMDato><PeriodeTOMDato>2026-01-09</PeriodeTOMDato>{kind}</Periode>"
)
GRADED = "<GradertSykmelding><Sykmeldingsgrad>50</Sykmeldingsgrad></GradertSykmelding>"
SYKMELDING = (
    f'<HelseOpplysningerArbeidsuforhet xmlns="{KITH}/HelseOpplysningerArbeidsuforhet/2013-10-01" {FK1}>'
    f"<SyketilfelleStartDato>2026-01-05</SyketilfelleStartDato>"
    f"<Pasient>{NAME}<Fodselsnummer>{NUMBER}</Fodselsnummer></Pasient>"
    '<Arbeidsgiver><HarArbeidsgiver V="1"/></Arbeidsgiver>'
    "<MedisinskVurdering><AnnenFraversArsak/></MedisinskVurdering>"
    f"<Aktivitet>{PERIOD.format(kind=GRADED)}</Aktivitet>"
    "<KontaktMedPasient><BehandletDato>2026-01-05T10:00:00</BehandletDato></KontaktMedPasient>"
    f"<Behandler>{NAME}<Id>{NUMBER}</Id><Adresse/>"
    '<KontaktInfo><f:TeleAddress V="tel:55550000"/></KontaktInfo></Behandler>'
    "<AvsenderSystem><SystemNavn>EPJ</SystemNavn><SystemVersjon>1</SystemVersjon></AvsenderSystem>"
    "<Strekkode>0</Strekkode></HelseOpplysningerArbeidsuforhet>"
)
PARTY = (
    "<Organisation><OrganisationName>Legekontoret</OrganisationName>"
    '<Ident><Id>79768</Id><TypeId V="HER"/></Ident></Organisation>'
)
MSGHEAD = (
    f'<MsgHead xmlns="{KITH}/msghead/2006-05-24"><MsgInfo><Type V="SYKMELD"/>'
    "<MIGversion>v1.2 2006-05-24</MIGversion><GenDate>2026-01-05T10:00:00</GenDate><MsgId>1</MsgId>"
    "<ConversationRef><RefToParent>1</RefToParent><RefToConversation>1</RefToConversation></ConversationRef>"
    f"<Sender>{PARTY}</Sender><Receiver>{PARTY}</Receiver></MsgInfo>"
    '<Document><RefDoc><IssueDate V="2026-01-05"/><MsgType V="XML"/>'
    f"<Content>{SYKMELDING}</Content></RefDoc></Document></MsgHead>"
)
EMPLOYER = (
    '<s:sykmeldingArbeidsgiver xmlns:s="http://nav.no/melding/virksomhet/sykmeldingArbeidsgiver/v1/sykmeldingArbeidsgiver">'
    "<sykmelding><syketilfelleFom>2026-01-05</syketilfelleFom>"
    "<pasient><navn><etternavn>Testesen</etternavn><fornavn>Tore</fornavn></navn><ident>01810112345</ident></pasient>"
    "<perioder><fom>2026-01-05</fom><tom>2026-01-09</tom>"
    "<aktivitet><gradertSykmelding><sykmeldingsgrad>50</sykmeldingsgrad></gradertSykmelding></aktivitet></perioder>"
    "<kontaktMedPasient><behandlet>2026-01-05T10:00:00</behandlet></kontaktMedPasient>"
    "<behandler><navn><etternavn>Lege</etternavn><fornavn>Lea</fornavn></navn><telefonnummer>55550000</telefonnummer>"
    "</behandler></sykmelding><juridiskOrganisasjonsnummer>1</juridiskOrganisasjonsnummer>"
    "<virksomhetsnummer>2</virksomhetsnummer><sykmeldingId>3</sykmeldingId>"
    "<mottattidspunkt>2026-01-05T10:00:00</mottattidspunkt></s:sykmeldingArbeidsgiver>"
)
HCP = '<HCP><Inst><Name>NAV</Name><Id>889640782</Id><TypeId V="ENH"/></Inst></HCP>'
APPREC = (
    f'<AppRec xmlns="{KITH}/apprec/2004-11-21"><MsgType V="APPREC"/><MIGversion>1.0 2004-11-21</MIGversion>'
    f"<GenDate>2026-01-05T10:00:00</GenDate><Id>2</Id><Sender>{HCP}</Sender><Receiver>{HCP}</Receiver>"
    '<Status V="2"/><Error V="E21" S="2.16.578.1.12.4.1.1.8221"/>'
    '<OriginalMsgId><MsgType V="SYKMELD"/><IssueDate>2026-01-05T10:00:00</IssueDate><Id>1</Id></OriginalMsgId></AppRec>'
)
APPREC_11 = APPREC.replace("2004-11-21", "2012-02-15")
DIALOG = (
    f'<Dialogmelding xmlns="{KITH}/dialog/2006-10-11"><Notat><TemaKodet V="1" S="2.16.578.1.12.4.1.1.8126"/>'
    "<TekstNotatInnhold>Hei</TekstNotatInnhold></Notat></Dialogmelding>"
)
STATEMENT = (
    f'<Legeerklaring xmlns="{KITH}/legeerklaring/2008-06-06"><LegeerklaringGjelder typeLegeerklaring="1"/>'
    '<Pasientopplysninger flereArbeidsforhold="2"><Pasient fodselsnummer="01810112345" trygdekontor="0301">'
    "<Navn><Etternavn>Testesen</Etternavn><Fornavn>Tore</Fornavn></Navn></Pasient></Pasientopplysninger>"
    '<DiagnoseArbeidsuforhet><DiagnoseKodesystem kodesystem="5"><Enkeltdiagnose kodeverdi="L03" sortering="0"/>'
    "</DiagnoseKodesystem><VurderingYrkesskade/><StatusPresens/><SymptomerBehandling/></DiagnoseArbeidsuforhet>"
    "<ForslagTiltak><Opplysninger/><BegrunnelseIkkeTiltak/></ForslagTiltak>"
    "<VurderingFunksjonsevne><Arbeidssituasjon/></VurderingFunksjonsevne><Prognose/><ForbeholdLegeerklaring/>"
    "</Legeerklaring>"
)
FELLESFORMAT = (
    f'<EI_fellesformat xmlns="http://www.trygdeetaten.no/xml/eiff/1/">{MSGHEAD}'
    '<MottakenhetBlokk ediLoggId="1" ebService="Sykmelding" orgNummer="889640782"/></EI_fellesformat>'
)
FELLESFORMAT_2 = FELLESFORMAT.replace("http://www.trygdeetaten.no/xml/eiff/1/", "http://www.nav.no/xml/eiff/2/")
SIGNATURE = (
    '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo>'
    '<CanonicalizationMethod Algorithm="urn:a"/><SignatureMethod Algorithm="urn:b"/>'
    '<Reference URI=""><Transforms><Transform Algorithm="urn:c"/></Transforms>'
    '<DigestMethod Algorithm="urn:d"/><DigestValue>YQ==</DigestValue></Reference></SignedInfo>'
    "<SignatureValue>YQ==</SignatureValue>"
    "<KeyInfo><X509Data><X509Certificate>YQ==</X509Certificate></X509Data></KeyInfo></Signature>"
)
SIGNED = MSGHEAD.replace("</MsgHead>", f"{SIGNATURE}</MsgHead>")
ATTACHMENT = f'<Base64Container xmlns="{KITH}/base64container">YQ==</Base64Container>'

VALID = {
    "sykmelding": SYKMELDING,
    "msghead": MSGHEAD,
    "signed": SIGNED,
    "employer": EMPLOYER,
    "apprec": APPREC,
    "apprec-1.1": APPREC_11,
    "dialogmelding": DIALOG,
    "legeerklaring": STATEMENT,
    "fellesformat-1": FELLESFORMAT,
    "fellesformat-2": FELLESFORMAT_2,
    "base64container": ATTACHMENT,
}
# what is wrong: document, what to replace, with what
INVALID = {
    "no barcode": (SYKMELDING, "<Strekkode>0</Strekkode>", ""),
    "identifier parts in the message's own namespace": (SYKMELDING, "f:Id>", "Id>"),
    "two kinds of period": (SYKMELDING, GRADED, GRADED + "<Reisetilskudd>true</Reisetilskudd>"),
    "no kind of period": (SYKMELDING, GRADED, ""),
    "a degree that is no number": (SYKMELDING, ">50<", ">halv<"),
    "a day that is not": (SYKMELDING, "2026-01-09", "2026-02-30"),
    "a code system that is no oid": (SYKMELDING, "4.1.1.8116", "4..8116"),
    "an unknown version": (MSGHEAD, "v1.2 2006-05-24<", "v1.3<"),
    "conversation before parent": (
        MSGHEAD,
        "<RefToParent>1</RefToParent><RefToConversation>1</RefToConversation>",
        "<RefToConversation>1</RefToConversation><RefToParent>1</RefToParent>",
    ),
    "content of no known schema": (MSGHEAD, f"<Content>{SYKMELDING}", "<Content><x/>"),
    "a sender without a number": (MSGHEAD, '<Ident><Id>79768</Id><TypeId V="HER"/></Ident>', ""),
    "a signature without a value": (SIGNED, "<SignatureValue>YQ==</SignatureValue>", ""),
    "a digest that is no base64": (SIGNED, "<DigestValue>YQ==", "<DigestValue>Y"),
    "a qualified child": (EMPLOYER, "sykmeldingId>", "s:sykmeldingId>"),
    "a diagnosis for the employer": (EMPLOYER, "<kontaktMedPasient>", "<diagnose/><kontaktMedPasient>"),
    "no time of receipt": (EMPLOYER, "<mottattidspunkt>2026-01-05T10:00:00</mottattidspunkt>", ""),
    "a receipt for nothing": (APPREC, "<Id>1</Id></OriginalMsgId>", "</OriginalMsgId>"),
    "a receipt without a status": (APPREC_11, '<Status V="2"/>', ""),
    "a note without a subject": (DIALOG, '<TemaKodet V="1" S="2.16.578.1.12.4.1.1.8126"/>', ""),
    "a statement for nothing": (STATEMENT, '<LegeerklaringGjelder typeLegeerklaring="1"/>', ""),
    "an unknown kind of statement": (STATEMENT, 'typeLegeerklaring="1"', 'typeLegeerklaring="5"'),
    "a wrapper without NAV's id": (FELLESFORMAT, 'ediLoggId="1" ', ""),
    "a number of the wrong length": (FELLESFORMAT_2, "889640782", "88964078"),
    "an attachment that is no base64": (ATTACHMENT, "YQ==", "Y"),
}


@cache
def engines() -> tuple[etree.XMLSchema, xmlschema.XMLSchema]:
    return etree.XMLSchema(etree.parse(SCHEMAS / "nav.xsd")), xmlschema.XMLSchema(SCHEMAS / "nav.xsd")


def verdicts(document: str) -> list[bool]:
    libxml2, python = engines()
    return [libxml2.validate(etree.fromstring(document)), python.is_valid(document)]


@pytest.mark.parametrize("file", sorted(SCHEMAS.glob("*.xsd")), ids=lambda file: file.name)
def test_each_schema_compiles_in_both_engines(file: Path):
    etree.XMLSchema(etree.parse(file))
    xmlschema.XMLSchema(file)


@pytest.mark.parametrize("document", VALID.values(), ids=VALID)
def test_a_sound_document_is_accepted(document: str):
    assert verdicts(document) == [True, True]


@pytest.mark.parametrize(("document", "good", "bad"), INVALID.values(), ids=INVALID)
def test_a_document_with_one_fault_is_rejected(document: str, good: str, bad: str):
    assert good in document
    assert verdicts(document.replace(good, bad)) == [False, False]
