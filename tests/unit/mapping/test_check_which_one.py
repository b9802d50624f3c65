"""What the checker says of `entries:`, `choose:`, `as_of:` and `only:`: a word that leads nowhere tells nothing."""

import pytest
from check_kit import FHIR, Mistake, assert_told

MISTAKES = (
    Mistake(
        "an entry of a word that there is not",
        FHIR,
        "  certifier: [",
        "  certifyer: [",
        "certifyer: [",
        "there is no word certifyer",
        "did you mean certifier?",
    ),
    Mistake(
        "a way through what is no reference",
        FHIR,
        '"${form}.author > ${role}.practitioner"',
        '"${form}.author > ${role}.code"',
        'certifier: ["${form}.author", "${form}.author > ${role}.code',
        "Bundle/entry/resource/code is no reference",
        "give the path to one",
    ),
    Mistake(
        "a way along a property that there is not",
        FHIR,
        "  role: ${form}.author\n",
        "  role: ${form}.auther\n",
        "role: ${form}.auther",
        "QuestionnaireResponse (Bundle/entry/resource) has no property auther",
        "did you mean author?",
    ),
    Mistake(
        "a choice among what nothing reads",
        FHIR,
        "  telecom: {by: use, never",
        "  telecon: {by: use, never",
        "telecon: {by",
        "nothing that is read here is called telecon",
        "did you mean telecom?",
    ),
    Mistake(
        "a use that there is not",
        FHIR,
        "never: [old, maiden, anonymous",
        "never: [odl, maiden, anonymous",
        "[odl, maiden",
        "odl is not allowed at name/use",
        "did you mean old?",
    ),
    Mistake(
        "a choice by a property that there is not",
        FHIR,
        "telecom: {by: use",
        "telecom: {by: usage",
        "usage",
        "ContactPoint (telecom) has no property usage",
        "did you mean use?",
    ),
    Mistake(
        "a time that stands nowhere",
        FHIR,
        "as_of: [timestamp,",
        "as_of: [timestmap,",
        "[timestmap,",
        "Bundle (Bundle) has no property timestmap",
        "did you mean timestamp?",
    ),
    Mistake(
        "a value that is never taken",
        FHIR,
        "  ${patient}.link.type: [replaces,",
        "  ${patient}.link.type: [replacs,",
        "${patient}.link.type",
        "replacs is not allowed at Bundle/entry/resource/link/type",
        "did you mean replaces?",
    ),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.sentence)
def test_it_is_told_once_at_its_place_in_plain_words(mistake: Mistake) -> None:
    assert_told(mistake)
