"""Places and fields of different kinds or numbers, and places that are for two things."""

import pytest
from check_kit import EMPLOYER, FHIR, NAV, Mistake, assert_told

MISTAKES = (
    Mistake(
        "a constant in a kind that a code tells",
        FHIR,
        "Pending:       {when: AVVENTENDE,",
        'Pending:       {const: {"item[aktivitet-type].answer.valueCoding.system": x}, when: AVVENTENDE,',
        '"item[aktivitet-type].answer.valueCoding.system"',
        "a kind that a code tells stands in the record around it",
        "give `const:` there",
    ),
    Mistake(
        "a text where there is an element with elements",
        NAV,
        "ruleset: ${form}/RegelSettVersjon",
        "ruleset: ${form}/Pasient",
        "${form}/Pasient\n",
        "MsgHead/Document/RefDoc/Content/HelseOpplysningerArbeidsuforhet/Pasient holds no text of its own",
        "it has Navn, Fodselsnummer, KontaktInfo, NavnFastlege, NAVKontor",
    ),
    Mistake(
        "a record where there is a text",
        FHIR,
        "at: ${form}.item[samspill-plan]",
        "at: ${form}.language",
        "${form}.language",
        "Bundle/entry/resource/language is a text, and nothing stands below it",
    ),
    Mistake(
        "a record where nothing of it stands",
        FHIR,
        'certifier.address: {at: "${certifier}.address"',
        'certifier.address: {at: "${certifier}.photo"',
        '"${certifier}.photo"',
        "Bundle/entry/resource/photo has hardly anything that certifier.address is made of",
        "it has resourceType, extension, id, contentType, creation, data, hash, language, size, title, url",
    ),
    Mistake(
        "a record without fields",
        NAV,
        ("    at: MsgInfo/ConversationRef\n    fields: {parent: RefToParent, conversation: RefToConversation}"),
        "    at: MsgInfo/ConversationRef",
        "conversation:\n    at",
        "conversation is a record",
        "give `fields:` or `shape:`",
    ),
    Mistake(
        "a pair of types that do not fit",
        NAV,
        "diagnosis.pregnancy: ${form}/MedisinskVurdering/Svangerskap\n",
        "diagnosis.pregnancy: ${form}/MedisinskVurdering/YrkesskadeDato\n",
        "${form}/MedisinskVurdering/YrkesskadeDato\n  diagnosis.injury:",
        (
            "diagnosis.pregnancy is a yes or no, and MsgHead/Document/RefDoc/Content/"
            "HelseOpplysningerArbeidsuforhet/MedisinskVurdering/YrkesskadeDato holds a date"
        ),
    ),
    Mistake(
        "a list without each",
        NAV,
        (
            "receiver:\n    at: MsgInfo/Receiver/Organisation\n    fields:\n      name: "
            "OrganisationName\n      identifiers: {each: Ident,"
        ),
        (
            "receiver:\n    at: MsgInfo/Receiver/Organisation\n    fields:\n      name: "
            "OrganisationName\n      identifiers: {at: Ident,"
        ),
        "Ident, shape: ident}\n    drop: {Address",
        "MsgHead/MsgInfo/Receiver/Organisation/Ident repeats",
        "use `each:`, or tell which one with a filter",
    ),
    Mistake(
        "a list of JSON without each",
        FHIR,
        "certifier.telecoms: {each:",
        "certifier.telecoms: {at:",
        '"${certifier}.telecom"',
        "certifier.telecoms holds many",
        "use `each:`",
    ),
    Mistake(
        "each on a single record",
        NAV,
        "  conversation:\n    at:",
        "  conversation:\n    each:",
        "MsgInfo/ConversationRef",
        "conversation holds one",
        "use `at:`",
    ),
    Mistake(
        "each on a single value",
        EMPLOYER,
        "employment.employer_name: sykmelding/arbeidsgiver/navn",
        "employment.employer_name: {each: sykmelding/arbeidsgiver/navn}",
        "sykmelding/arbeidsgiver/navn}",
        "employment.employer_name holds one value",
        "use `at:`",
    ),
    Mistake(
        "each on a place that does not repeat",
        NAV,
        "each: ${form}/Aktivitet/Periode",
        "each: ${form}/Aktivitet",
        "${form}/Aktivitet\n",
        "MsgHead/Document/RefDoc/Content/HelseOpplysningerArbeidsuforhet/Aktivitet does not repeat",
        "use `at:`, or put `each:` on the step that repeats",
    ),
    Mistake(
        "each on a place of scalars that does not repeat",
        EMPLOYER,
        "{each: sykmelding/egenmeldingsdager/dager, value: .}",
        "{each: sykmelding/syketilfelleFom, value: .}",
        "sykmelding/syketilfelleFom, value",
        "sykmeldingArbeidsgiver/sykmelding/syketilfelleFom does not repeat",
        "a list needs a place that repeats",
    ),
    Mistake(
        "a place that repeats, walked through",
        NAV,
        "ruleset: ${form}/RegelSettVersjon",
        "ruleset: ${form}/UtdypendeOpplysninger/SpmGruppe/SpmGruppeId",
        "${form}/UtdypendeOpplysninger/SpmGruppe/SpmGruppeId",
        ("MsgHead/Document/RefDoc/Content/HelseOpplysningerArbeidsuforhet/UtdypendeOpplysninger/SpmGruppe repeats"),
        "use `each:`, or tell which one with a filter",
    ),
    Mistake(
        "a rule through a bound record",
        NAV,
        "patient.gp_name: ${form}/Pasient/NavnFastlege",
        "patient.gp_name: ${form}/Pasient/Navn/Mellomnavn",
        "${form}/Pasient/Navn/Mellomnavn",
        (
            "the path goes through MsgHead/Document/RefDoc/Content/"
            "HelseOpplysningerArbeidsuforhet/Pasient/Navn, which a rule above has taken"
        ),
        "put the rule inside that record",
    ),
    Mistake(
        "a rule that stands inside a record bound after it",
        NAV,
        "id: MsgInfo/MsgId",
        "id: MsgInfo/Sender/Organisation/OrganisationName",
        "id: MsgInfo/Sender/Organisation/OrganisationName",
        (
            "MsgHead/MsgInfo/Sender/Organisation/OrganisationName is inside MsgHead/MsgInfo/Sender/Organisation, "
            "which is a record of its own"
        ),
        "put the rule inside that record",
    ),
    Mistake(
        "a place that is taken",
        NAV,
        "patient.nav_office: ${form}/Pasient/NAVKontor",
        "patient.nav_office: ${form}/Pasient/NavnFastlege",
        "patient.nav_office",
        (
            "MsgHead/Document/RefDoc/Content/HelseOpplysningerArbeidsuforhet/Pasient/NavnFastlege "
            "is taken by the rule at line 126"
        ),
    ),
    Mistake(
        "a dropped place that a rule carries",
        NAV,
        "  MsgInfo/Patient/Sex: in the national number",
        "  MsgInfo/Patient/DateOfBirth: in the national number",
        "MsgInfo/Patient/DateOfBirth: in",
        "MsgHead/MsgInfo/Patient/DateOfBirth is taken by the rule at line 118",
    ),
    Mistake(
        "a dropped place that is a constant",
        NAV,
        "  MsgInfo/Sender/ComMethod: transport fact",
        "  MsgInfo/MIGversion: transport fact",
        "MsgInfo/MIGversion: transport",
        "MsgHead/MsgInfo/MIGversion is taken by the rule at line 198",
    ),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.sentence)
def test_it_is_told_once_at_its_place_in_plain_words(mistake: Mistake) -> None:
    assert_told(mistake)
