"""A word that the canonical model does not have, and fields that nothing speaks for."""

import pytest
from check_kit import APPREC, EMPLOYER, FHIR, NAV, Mistake, assert_told

MISTAKES = (
    Mistake(
        "a misspelt canonical field",
        NAV,
        "episode_start: ${form}",
        "episode_strat: ${form}",
        "episode_strat",
        "SickLeaveCertificate has no field episode_strat",
        "did you mean episode_start?",
    ),
    Mistake(
        "a misspelt canonical field of a record",
        FHIR,
        "patient.birth_date:",
        "patient.birthdate:",
        "patient.birthdate",
        "Patient has no field birthdate",
        "did you mean birth_date?",
    ),
    Mistake(
        "a misspelt field inside a shape",
        NAV,
        "      postal_code: PostalCode",
        "      postalcode: PostalCode",
        "postalcode: PostalCode",
        "Address has no field postalcode",
        "did you mean postal_code?",
    ),
    Mistake(
        "a misspelt branch",
        NAV,
        "TravelOnly:    {at",
        "TravelOnyl:    {at",
        "TravelOnyl",
        "kind is never a TravelOnyl",
        "did you mean TravelOnly?",
    ),
    Mistake(
        "a model that is not there",
        APPREC,
        "model: Receipt\n",
        "model: Reciept\n",
        "Reciept",
        "there is no model Reciept",
        "did you mean Receipt?",
    ),
    Mistake(
        "a missing branch",
        NAV,
        "          TravelOnly:    {at: Reisetilskudd, fields: {paid: .}}\n",
        "",
        "kind:                        #",
        "kind may also be TravelOnly",
        "give every branch",
    ),
    Mistake(
        "the same code for two branches",
        FHIR,
        "when: GRADERT",
        "when: AVVENTENDE",
        "AVVENTENDE, display",
        "AVVENTENDE tells another branch already",
        "a code tells one branch",
    ),
    Mistake(
        "a canonical field that nothing speaks for",
        NAV,
        "  message_to_employer: ${form}/MeldingTilArbeidsgiver\n",
        "",
        "id: MsgInfo/MsgId",
        "message_to_employer is neither mapped nor listed under `lacks:`",
        "map it, or say why this format lacks it",
    ),
    Mistake(
        "a lack of a field that is not there",
        NAV,
        "  received_at: set by the receiver",
        "  recieved_at: set by the receiver",
        "recieved_at",
        "SickLeaveCertificate has no field recieved_at",
        "did you mean received_at?",
    ),
    Mistake(
        "a lack of a field that is mapped",
        FHIR,
        "  received_at: set by the receiver",
        "  received_at: set by the receiver\n  ruleset: none",
        "ruleset: none",
        "ruleset is mapped, and listed under `lacks:` too",
        "take one of them away",
    ),
    Mistake(
        "a field that is bound twice",
        FHIR,
        "  employment.percentage: ",
        (
            '  employment: {at: "${form}.item[job]", fields: {occupation: '
            '"item[name].answer.valueString"}}\n  employment.percentage: '
        ),
        'occupation: "item[name]',
        "employment.occupation is bound by the rule at line 177 already",
        "take one of them away",
    ),
    Mistake(
        "a misspelt data class",
        EMPLOYER,
        "allow: [identity, absence,",
        "allow: [identity, absense,",
        "absense",
        "there is no data class absense",
        "did you mean absence?",
    ),
    Mistake(
        "a misspelt canonical code",
        EMPLOYER,
        "contains: lacking-adaptation",
        "contains: lacking-adaptaton",
        "lacking-adaptaton",
        "lacking-adaptaton is not in the canonical list workplace-reason",
        "did you mean lacking-adaptation?",
    ),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.sentence)
def test_it_is_told_once_at_its_place_in_plain_words(mistake: Mistake) -> None:
    assert_told(mistake)
