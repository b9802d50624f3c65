"""What the other side demands or forbids: output that would not be valid, and output that would leak."""

import pytest
from check_kit import EMPLOYER, FHIR, LPS, NAV, Mistake, assert_told

MISTAKES = (
    Mistake(
        "an element the schema demands",
        NAV,
        "  MsgInfo/MIGversion: v1.2 2006-05-24\n",
        "",
        "MsgInfo/MsgId",
        "the schema demands MIGversion in MsgInfo, and nothing here writes it",
    ),
    Mistake(
        "a property FHIR demands",
        FHIR,
        "  ${form}.status: {value: completed, also: [amended]}\n",
        "",
        "entry[QuestionnaireResponse].resource",
        "the schema demands status in QuestionnaireResponse, and nothing here writes it",
        "give it under `const:` or map it",
    ),
    Mistake(
        "a property that a JSON schema demands",
        LPS,
        "  id: sykmeldingId\n",
        "",
        "Sykmelding}\nallow",
        "the schema demands sykmeldingId in Sykmelding, and nothing here writes it",
        "give it under `const:` or map it",
    ),
    Mistake(
        "two alternatives of a choice",
        NAV,
        "ruleset: ${form}/RegelSettVersjon",
        "ruleset: Document[RefDoc/MsgType@V=XML]/RefDoc/FileReference",
        "Document[RefDoc/MsgType@V=XML]/RefDoc/Content/",
        "the schema allows only one of FileReference, Content in RefDoc",
        "use `one_of:`",
    ),
    Mistake(
        "a constant outside its binding",
        FHIR,
        "${form}.status: {value: completed,",
        "${form}.status: {value: complete,",
        "${form}.status: {value: complete,",
        "complete is not allowed at Bundle/entry/resource/status",
        "did you mean completed?",
    ),
    Mistake(
        "another spelling outside its binding",
        FHIR,
        "also: [batch, transaction, message, document]",
        "also: [batch, transation, message, document]",
        "type: {value: collection",
        "transation is not allowed at Bundle/type",
        "did you mean transaction?",
    ),
    Mistake(
        "a diagnosis in the employer's file",
        EMPLOYER,
        "employment.employer_name: sykmelding",
        "diagnosis.main.code: sykmelding",
        "diagnosis.main.code",
        "diagnosis.main.code is diagnosis, which this file may not write",
        "see `allow:` at its top",
    ),
    Mistake(
        "a medical reason in the employer's file",
        EMPLOYER,
        "workplace.text: beskrivelse",
        "medical.text: beskrivelse",
        "medical.text",
        "periods[].kind(NotPossible).medical.text is diagnosis, which this file may not write",
        "see `allow:` at its top",
    ),
    Mistake(
        "medical reasons, told by a code, in the employer's JSON",
        LPS,
        "workplace.codes: {at: manglendeTilretteleggingPaaArbeidsplassen, contains: lacking-adaptation}",
        "medical.codes: {at: manglendeTilretteleggingPaaArbeidsplassen, contains: other}",
        "medical.codes",
        "periods[].kind(NotPossible).medical.codes[] is diagnosis, which this file may not write",
        "see `allow:` at its top",
    ),
    Mistake(
        "a class taken from the allow-list",
        EMPLOYER,
        "employment, prognosis, envelope]",
        "employment, envelope]",
        "prognosis.fit_after",
        "prognosis.fit_after is prognosis, which this file may not write",
        "see `allow:` at its top",
    ),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.sentence)
def test_it_is_told_once_at_its_place_in_plain_words(mistake: Mistake) -> None:
    assert_told(mistake)
