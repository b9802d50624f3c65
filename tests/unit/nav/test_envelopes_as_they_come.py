"""Envelopes as they really come: each way of straying is read with the deviation named, or refused at its place."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from gateway import flow
from gateway.core.errors import NotAcceptable
from gateway.core.message import Parsed
from gateway.wiring.formats import installed

EXAMPLES = Path(__file__).parents[3] / "mappings/nav"
NOTE = EXAMPLES / "sykmelding/examples/02-full-with-a-second-diagnosis.in.xml"
ANSWER = EXAMPLES / "dialogmelding/examples/02-answer-with-an-attachment.in.xml"
MH = "{http://www.kith.no/xmlstds/msghead/2006-05-24}"
FELLESFORMAT = ("http://www.trygdeetaten.no/xml/eiff/1/", "http://www.nav.no/xml/eiff/2/")
KNOWN = installed()[1]
FORMATS = {NOTE: KNOWN["nav-sykmelding"], ANSWER: KNOWN["nav-dialogmelding"]}

Change = Callable[[Any], Any]


def read(path: Path, change: Change) -> Parsed[Any]:
    """Read an example after a change; the change gives the root that it becomes."""
    root = change(etree.fromstring(path.read_bytes()))
    return flow.parse(FORMATS[path], etree.tostring(root), report=True)


def same(root: Any) -> Any:
    return root


def told(parsed: Parsed[Any]) -> str:
    return " ".join(str(one) for one in parsed.deviations)


def wrapped(namespace: str) -> Change:
    def change(root: Any) -> Any:
        outer = etree.Element(f"{{{namespace}}}EI_fellesformat")
        outer.append(root)
        etree.SubElement(outer, f"{{{namespace}}}MottakenhetBlokk", ediLoggId="1", ebService="Sykmelding")
        return outer

    return change


def nested(root: Any) -> Any:
    """A header around the whole message, as one vendor signs with HelseID."""
    outer = deepcopy(root)
    content = next(outer.iter(f"{MH}Content"))
    for child in content:
        content.remove(child)
    content.append(root)
    outer.find(f"{MH}MsgInfo/{MH}MsgId").text = "outer"
    return outer


def document(root: Any, kind: str, media: str, content: Any) -> Any:
    """A message with a document more, after the last."""
    made = deepcopy(root.findall(f"{MH}Document")[0])
    made.find(f"{MH}RefDoc/{MH}MsgType").set("V", kind)
    for name in ("MimeType", "Description"):
        for one in made.findall(f"{MH}RefDoc/{MH}{name}"):
            made.find(f"{MH}RefDoc").remove(one)
    mime = etree.Element(f"{MH}MimeType")
    mime.text = media
    place = made.find(f"{MH}RefDoc/{MH}Content")
    place.addprevious(mime)
    for child in place:
        place.remove(child)
    place.append(content)
    root.findall(f"{MH}Document")[-1].addnext(made)
    return root


def base64(text: str) -> Any:
    made = etree.Element("{http://www.kith.no/xmlstds/base64container}Base64Container")
    made.text = text
    return made


@pytest.mark.parametrize("path", [NOTE, ANSWER])
@pytest.mark.parametrize("change", [*map(wrapped, FELLESFORMAT), nested], ids=["eiff-1", "eiff-2", "nested"])
def test_the_message_inside_is_the_message_and_what_was_around_it_is_named(path: Path, change: Change) -> None:
    parsed, plain = read(path, change), read(path, same)
    assert parsed.record == plain.record
    assert told(parsed) != told(plain) or len(parsed.rows) > len(plain.rows)


def test_a_helseid_token_among_the_documents_stays_behind() -> None:
    def change(root: Any) -> Any:
        return document(root, "A", "application/jwt", base64("ZXlKaGJHY2k="))

    for path in (NOTE, ANSWER):
        parsed, plain = read(path, change), read(path, same)
        assert "ZXlKaGJHY2k" not in repr(parsed.record)
        assert getattr(parsed.record, "attachments", ()) == getattr(plain.record, "attachments", ())


def test_attachments_of_a_sick_note_stay_behind_and_those_of_an_answer_come_along() -> None:
    def change(root: Any) -> Any:
        return document(root, "A", "application/pdf", base64("JVBERi0x"))

    assert read(NOTE, change).record == read(NOTE, same).record
    assert len(read(ANSWER, change).record.attachments) == len(read(ANSWER, same).record.attachments) + 1


@pytest.mark.parametrize("path", [NOTE, ANSWER])
@pytest.mark.parametrize("other", [NOTE, ANSWER])
def test_a_second_message_in_a_document_is_refused_at_its_place_since_it_would_be_lost(path: Path, other: Path) -> None:
    def change(root: Any) -> Any:
        second = etree.fromstring(other.read_bytes()).findall(f"{MH}Document")[0]
        root.findall(f"{MH}Document")[0].addnext(second)
        return root

    with pytest.raises(NotAcceptable, match="a second message stands in this document") as refused:
        read(path, change)
    [issue] = refused.value.issues
    assert issue.at.startswith("/MsgHead/Document[2]/RefDoc/Content/")


def test_a_reference_to_the_conversation_that_is_turned_round_is_read_by_its_names() -> None:
    def change(root: Any) -> Any:
        said = root.find(f"{MH}MsgInfo/{MH}ConversationRef")
        said.append(said[0])
        said[0].text, said[1].text = "the-conversation", "the-parent"
        return root

    parsed = read(ANSWER, change)
    assert (parsed.record.conversation.parent, parsed.record.conversation.conversation) == (
        "the-parent",
        "the-conversation",
    )
    assert "order" in told(parsed)


def test_right_names_in_a_wrong_namespace_are_read_and_named() -> None:
    def change(root: Any) -> Any:
        for one in root.iter("{http://www.kith.no/xmlstds/felleskomponent1}*"):
            one.tag = one.tag.replace("felleskomponent1", "HelseOpplysningerArbeidsuforhet/2013-10-01")
        return root

    parsed = read(NOTE, change)
    assert parsed.record == read(NOTE, same).record
    assert "namespace" in told(parsed)


@pytest.mark.parametrize("system", [None, "2.16.578.1.12.4.1.1.8327", "1.16.578.1"])
def test_a_wrong_or_missing_code_system_beside_a_number_is_named_and_the_type_code_decides(system: str | None) -> None:
    def change(root: Any) -> Any:
        for one in root.iter(f"{MH}TypeId"):
            one.attrib.pop("S", None)
            if system:
                one.set("S", system)
        return root

    parsed = read(NOTE, change)
    assert parsed.record == read(NOTE, same).record


def test_a_diagnosis_without_its_code_system_is_never_given_one() -> None:
    def change(root: Any) -> Any:
        next(root.iter("{*}Diagnosekode")).attrib.pop("S")
        return root

    assert read(NOTE, change).record.diagnosis.main.system is None


def test_a_topic_without_its_code_system_is_refused_at_its_place() -> None:
    def change(root: Any) -> Any:
        next(root.iter("{*}TemaKodet")).attrib.pop("S")
        return root

    with pytest.raises(NotAcceptable) as refused:
        read(ANSWER, change)
    assert all(issue.what and issue.mend for issue in refused.value.issues)


FOREIGN = '<x:Bilag xmlns:x="urn:annet"><x:Tekst>noe annet</x:Tekst></x:Bilag>'


@pytest.mark.parametrize("path", [NOTE, ANSWER])
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_the_message_is_read_beside_another_document_of_kind_xml_which_is_told_of(path: Path, before: bool) -> None:
    def change(root: Any) -> Any:
        document(root, "XML", "text/xml", etree.fromstring(FOREIGN))
        documents = root.findall(f"{MH}Document")
        if before:
            documents[0].addprevious(documents[-1])
        return root

    parsed, plain = read(path, change), read(path, same)
    assert parsed.record == plain.record
    assert parsed.leaves == len(parsed.rows)
    count = len(etree.fromstring(path.read_bytes()).findall(f"{MH}Document"))
    foreign, own = (1, 2) if before else (count + 1, 1)
    places = {row.at: row.outcome for row in parsed.rows}
    assert places[f"/MsgHead/Document[{foreign}]/RefDoc/Content/Bilag/Tekst"] == "unmapped"
    carried = {at.split("/Content")[0] for at, outcome in places.items() if outcome == "carried" and "/Content/" in at}
    assert f"/MsgHead/Document[{own}]/RefDoc" in carried
    assert f"/MsgHead/Document[{foreign}]/RefDoc" not in carried
    assert ("a message after other documents" in told(parsed)) is before


@pytest.mark.parametrize("path", [NOTE, ANSWER])
@pytest.mark.parametrize("encoding", ["iso-8859-1", "utf-16", "windows-1252"])
def test_every_way_of_straying_at_once_is_the_same_message_with_each_named(path: Path, encoding: str) -> None:
    root = etree.fromstring(path.read_bytes())
    for element in root.iter("{http://www.kith.no/xmlstds/felleskomponent1}*"):
        element.tag = f"{{urn:feil}}{etree.QName(element).localname}"
    for element in root.iter("{*}Ident", "{*}Fodselsnummer"):
        element.find("{*}TypeId").attrib.pop("S", None)
    said = root.find(f"{MH}MsgInfo/{MH}ConversationRef")
    if said is not None:
        said.append(said[0])
    document(root, "XML", "text/xml", etree.fromstring(FOREIGN))
    root.findall(f"{MH}Document")[0].addprevious(root.findall(f"{MH}Document")[-1])
    document(root, "A", "application/jwt", base64("ZXlKaGJHY2k="))
    outer = nested(etree.fromstring(path.read_bytes()))
    [inner] = next(outer.iter(f"{MH}Content"))
    inner.getparent().replace(inner, root)
    whole = wrapped(FELLESFORMAT[1])(nested(outer))
    parsed = flow.parse(FORMATS[path], etree.tostring(whole, encoding=encoding, xml_declaration=True), report=True)
    assert parsed.record == read(path, same).record
    assert parsed.leaves == len(parsed.rows)
    assert {"a MsgHead around a MsgHead; the inner one is read", "a message after other documents"} <= {
        one.what for one in parsed.deviations
    }
    assert all(one.at for one in parsed.deviations)


SHIELDED = "<ho:SkjermesForPasient>true</ho:SkjermesForPasient>"
TWISTS = {
    "empty": ("</ho:MedisinskVurdering>", "<ho:SkjermesForPasient/></ho:MedisinskVurdering>"),
    "twice": ("</ho:MedisinskVurdering>", f"{SHIELDED.replace('true', 'false')}{SHIELDED}</ho:MedisinskVurdering>"),
    "elsewhere": ("<ho:MedisinskVurdering>", f"{SHIELDED}<ho:MedisinskVurdering>"),
    "otherwise spelt": ("</ho:MedisinskVurdering>", f"{SHIELDED.replace('For', 'for')}</ho:MedisinskVurdering>"),
    "an empty restriction": ("<ho:SvarTekst>", "<ho:Restriksjon/><ho:SvarTekst>"),
    "no code": ("<ho:SvarTekst>", '<ho:Restriksjon><ho:Restriksjonskode DN="P"/></ho:Restriksjon><ho:SvarTekst>'),
    "two restrictions": (
        "<ho:SvarTekst>",
        2 * '<ho:Restriksjon><ho:Restriksjonskode V="P"/></ho:Restriksjon>' + "<ho:SvarTekst>",
    ),
}
ANSWERED = (
    "<ho:UtdypendeOpplysninger><ho:SpmGruppe><ho:SpmGruppeId>6.3</ho:SpmGruppeId><ho:SpmGruppeTekst>t</ho:SpmGruppeTekst>"
    "<ho:SpmSvar><ho:SpmId>6.3.1</ho:SpmId><ho:SpmTekst>s</ho:SpmTekst><ho:SvarTekst>svar</ho:SvarTekst></ho:SpmSvar>"
    "</ho:SpmGruppe></ho:UtdypendeOpplysninger>"
)
DATED_NOTE = EXAMPLES / "sykmelding/examples/03-treatment-days.in.xml"


@pytest.mark.parametrize("twist", TWISTS)
def test_what_is_kept_from_somebody_is_refused_unless_it_stands_as_the_form_has_it(twist: str) -> None:
    text = DATED_NOTE.read_text("utf-8").replace(
        "<ho:MeldingTilArbeidsgiver>", ANSWERED + "<ho:MeldingTilArbeidsgiver>"
    )
    source = KNOWN["nav-sykmelding"]
    assert flow.parse(source, text.encode()).record is not None
    old, new = TWISTS[twist]
    assert old in text
    with pytest.raises(NotAcceptable, match="what is kept from somebody does not stand as the form has it"):
        flow.parse(source, text.replace(old, new, 1).encode())


@pytest.mark.parametrize(("number", "taken"), [("23839231024", True), ("14858400032", False)])
def test_a_header_about_another_person_than_the_note_is_refused(number: str, taken: bool) -> None:
    ident = f'<mh:Ident><mh:Id>{number}</mh:Id><mh:TypeId V="FNR"/></mh:Ident>'
    text = DATED_NOTE.read_text("utf-8").replace("</mh:DateOfBirth>", f"</mh:DateOfBirth>{ident}", 1)
    parsed = KNOWN["nav-sykmelding"].parse(text.encode())  # type: ignore[misc]
    assert parsed.acceptable is taken
    assert [issue.at for issue in parsed.issues] == ([] if taken else ["/MsgHead/MsgInfo/Patient/Ident"])
