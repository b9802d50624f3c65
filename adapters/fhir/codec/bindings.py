"""Required bindings that `fhir.resources` does not have, or has cut short.

Its models list the codes of a required binding as `enum_values`, taken from the short text of the element. Compared
with the R4 value sets (hl7.org/fhir/R4, valuesets.json): wherever the list does not end in `+` it is complete, save the
three that are emptied here; wherever it does, it is cut, and stands here whole.
"""

_OBSERVATION = frozenset(
    {"registered", "preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error", "unknown"}
)
_ENCOUNTER = frozenset(
    {
        "planned",
        "arrived",
        "triaged",
        "in-progress",
        "onleave",
        "finished",
        "cancelled",
        "entered-in-error",
        "unknown",
    }
)
_QUANTITIES = ("Quantity", "Age", "Count", "Distance", "Duration")

CORRECTED: dict[tuple[str, str], frozenset[str]] = {
    ("Encounter", "status"): _ENCOUNTER,
    ("EncounterStatusHistory", "status"): _ENCOUNTER,
    ("Observation", "status"): _OBSERVATION,
    ("RiskAssessment", "status"): _OBSERVATION,
    ("Task", "status"): frozenset(
        {
            "draft",
            "requested",
            "received",
            "accepted",
            "rejected",
            "ready",
            "cancelled",
            "in-progress",
            "on-hold",
            "failed",
            "completed",
            "entered-in-error",
        }
    ),
    ("QuestionnaireItem", "type"): frozenset(
        {
            "group",
            "display",
            "question",
            "boolean",
            "decimal",
            "integer",
            "date",
            "dateTime",
            "time",
            "string",
            "text",
            "url",
            "choice",
            "open-choice",
            "attachment",
            "reference",
            "quantity",
        }
    ),
    ("DeviceUdiCarrier", "entryType"): frozenset({"barcode", "rfid", "manual", "card", "self-reported", "unknown"}),
    ("Composition", "confidentiality"): frozenset({"U", "L", "M", "N", "R", "V"}),
    ("AuditEvent", "action"): frozenset({"C", "R", "U", "D", "E"}),
    ("AuditEvent", "outcome"): frozenset({"0", "4", "8", "12"}),
    ("AuditEventAgentNetwork", "type"): frozenset({"1", "2", "3", "4", "5"}),
    **{(kind, "comparator"): frozenset({"<", "<=", ">=", ">"}) for kind in _QUANTITIES},
    # not codes at all, or not a required binding
    ("CapabilityStatement", "format"): frozenset(),
    ("Expression", "language"): frozenset(),
}

CODED_CONCEPTS: dict[tuple[str, str], frozenset[str]] = {
    ("Condition", "clinicalStatus"): frozenset(
        {"active", "recurrence", "relapse", "inactive", "remission", "resolved"}
    ),
    ("Condition", "verificationStatus"): frozenset(
        {"unconfirmed", "provisional", "differential", "confirmed", "refuted", "entered-in-error"}
    ),
}
"""CodeableConcepts with a required binding: at least one coding must hold one of the codes."""
