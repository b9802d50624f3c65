"""Elements that change what the rest of a FHIR resource or data type says, so that nobody may pass over them.

Source: FHIR R4 (4.0.1), the elements flagged `?!` (`ElementDefinition.isModifier`) on the page of each type, and what
conformance-rules.html#isModifier demands. `modifierExtension` is not listed: the codec refuses it wherever it stands.
"""

from collections.abc import Mapping

EVERYWHERE = frozenset({"implicitRules"})
"""What every resource has (resource.html)."""

MODIFIERS: Mapping[str, frozenset[str]] = {
    # data types (datatypes.html)
    "Address": frozenset({"use"}),
    "ContactPoint": frozenset({"use"}),
    "HumanName": frozenset({"use"}),
    "Identifier": frozenset({"use"}),
    "Quantity": frozenset({"comparator"}),
    # people and places
    "Location": frozenset({"status"}),
    "Organization": frozenset({"active"}),
    "Patient": frozenset({"active", "deceasedBoolean", "deceasedDateTime", "link"}),
    "Person": frozenset({"active"}),
    "RelatedPerson": frozenset({"active"}),
    # what happened
    "Appointment": frozenset({"status"}),
    "Communication": frozenset({"status"}),
    "Condition": frozenset({"clinicalStatus", "verificationStatus"}),
    "Consent": frozenset({"status", "scope"}),
    "DocumentReference": frozenset({"status"}),
    "Encounter": frozenset({"status"}),
    "EpisodeOfCare": frozenset({"status"}),
    "Observation": frozenset({"status"}),
    "QuestionnaireResponse": frozenset({"status"}),
    "ServiceRequest": frozenset({"status", "intent", "doNotPerform"}),
    "Task": frozenset({"status"}),
}


def modifiers(name: str, *, resource: bool) -> frozenset[str]:
    """Give the elements of a type that change what its others say."""
    return MODIFIERS.get(name, frozenset()) | (EVERYWHERE if resource else frozenset())
