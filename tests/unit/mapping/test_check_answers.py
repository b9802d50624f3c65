"""A word that the Questionnaire does not have, each planted in the real mapping."""

import pytest
from check_kit import FHIR, Mistake, assert_told

MISTAKES = (
    Mistake(
        "an answer of another type than NAV's",
        FHIR,
        "[arbeidsforhold-arbeidsgivernavn].answer.valueString",
        "[arbeidsforhold-arbeidsgivernavn].answer.valueUri",
        "${form}.item[arbeidsforhold].item[",
        ("arbeidsforhold-arbeidsgivernavn is url here, and string in the Questionnaire that it is derived from"),
    ),
    Mistake(
        "a misspelt linkId",
        FHIR,
        "${form}.item[svangerskapsrelatert]",
        "${form}.item[svangerskapsrelatret]",
        "${form}.item[svangerskapsrelatret]",
        "the Questionnaire has no linkId svangerskapsrelatret",
        "did you mean svangerskapsrelatert?",
    ),
    Mistake(
        "a misspelt linkId inside a group",
        FHIR,
        'limitations: "item[limitations].answer.valueString"',
        'limitations: "item[limitation].answer.valueString"',
        '"item[limitation].answer.valueString"',
        "the Questionnaire has no linkId limitation in samspill-function",
        "did you mean limitations?",
    ),
    Mistake(
        "a misspelt linkId of a group",
        FHIR,
        "at: ${form}.item[samspill-plan]",
        "at: ${form}.item[samspill-plann]",
        "${form}.item[samspill-plann]",
        "the Questionnaire has no linkId samspill-plann",
        "did you mean samspill-plan?",
    ),
    Mistake(
        "a misspelt linkId that is only read",
        FHIR,
        'also_read: ["${form}.item[bidiagnoser]"]',
        'also_read: ["${form}.item[bidiagnosar]"]',
        '["${form}.item[bidiagnosar]"]',
        "nobody is known to use linkId bidiagnosar",
        "did you mean bidiagnoser?",
    ),
    Mistake(
        "a misspelt code of a branch",
        FHIR,
        "when: GRADERT",
        "when: GRADRT",
        "GRADRT",
        "the Questionnaire has no answer GRADRT to aktivitet-type",
        "did you mean GRADERT?",
    ),
    Mistake(
        "a question that is not published",
        FHIR,
        "contact.treated_at: ${form}.authored",
        "contact.treated_at: ${form}.item[samspill-treated].answer.valueDateTime",
        "${form}.item[samspill-treated]",
        "the Questionnaire has no linkId samspill-treated",
        "give it a text and publish it",
    ),
    Mistake(
        "a display that is not the published one",
        FHIR,
        "            display: Gradert\n",
        "            display: Delvis\n",
        "fhir/sykmelding/questionnaire.json",
        "fhir/sykmelding/questionnaire.json is not what this mapping and its texts make",
        "write the file anew",
    ),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.sentence)
def test_it_is_told_once_at_its_place_in_plain_words(mistake: Mistake) -> None:
    assert_told(mistake)
