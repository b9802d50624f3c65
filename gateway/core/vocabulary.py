"""The closed word lists that rules, records and routes are written in.

The values are the words of `mappings/policy/` and of the command line; a test holds the two equal.
"""

from enum import StrEnum


class DataClass(StrEnum):
    """What a field tells about a person; the unit that rules permit or forbid."""

    ENVELOPE = "envelope"
    IDENTITY = "identity"
    CONTACT = "contact"
    CERTIFIER = "certifier"
    CERTIFIER_DETAIL = "certifier-detail"
    EMPLOYMENT = "employment"
    ABSENCE = "absence"
    DIAGNOSIS = "diagnosis"
    CLINICAL = "clinical"
    FUNCTION = "function"
    WORKPLACE = "workplace"
    AUTHORITY_NOTE = "authority-note"
    PROGNOSIS = "prognosis"
    RETURN_ESTIMATE = "return-estimate"
    INCOME = "income"
    PLAN = "plan"
    DISCLOSURE_LOG = "disclosure-log"
    THIRD_PARTY = "third-party"
    OPAQUE = "opaque"


STRICTNESS: dict[DataClass, int] = {
    DataClass.ENVELOPE: 0,
    DataClass.IDENTITY: 1,
    DataClass.CERTIFIER: 1,
    DataClass.EMPLOYMENT: 1,
    DataClass.ABSENCE: 1,
    DataClass.FUNCTION: 1,
    DataClass.WORKPLACE: 1,
    DataClass.PROGNOSIS: 1,
    DataClass.PLAN: 1,
    DataClass.INCOME: 1,
    DataClass.CONTACT: 2,
    DataClass.CERTIFIER_DETAIL: 2,
    DataClass.RETURN_ESTIMATE: 2,
    DataClass.AUTHORITY_NOTE: 2,
    DataClass.DIAGNOSIS: 3,
    DataClass.CLINICAL: 3,
    DataClass.DISCLOSURE_LOG: 4,
    DataClass.THIRD_PARTY: 4,
    DataClass.OPAQUE: 4,
}
"""How far a class may travel: 0 with every message, 1 to an employer at all, 2 never to an employer, 3 health,
4 only by a row of its own. A field inside a record is never less strict than the record."""


class Role(StrEnum):
    """Who sends, receives or reads."""

    PATIENT = "patient"
    CERTIFIER = "certifier"
    CAREGIVER = "caregiver"
    NAV = "nav"
    EMPLOYER = "employer"
    OCCUPATIONAL_HEALTH = "occupational-health"
    COORDINATOR = "coordinator"
    MUNICIPALITY = "municipality"
    FORSAKRINGSKASSAN = "forsakringskassan"
    ARBETSFORMEDLINGEN = "arbetsformedlingen"
    SOCIAL_SERVICES = "social-services"
    OFFICER = "officer"
    GATEWAY = "gateway"


class Purpose(StrEnum):
    """What the recipient may use the message for (HL7 PurposeOfUse where one fits)."""

    BENEFIT = "benefit"
    SICK_LEAVE_FOLLOW_UP = "sick-leave-follow-up"
    TREATMENT = "treatment"
    COORDINATION = "coordination"
    PAY = "pay"
    OWN_ACCESS = "own-access"
    STATISTICS = "statistics"
    OVERSIGHT = "oversight"


class MessageKind(StrEnum):
    """What a message is about, whatever format it is written in."""

    SYKMELDING = "sykmelding"
    SYKEPENGESOKNAD = "sykepengesoknad"
    EGENMELDING = "egenmelding"
    LEGEERKLARING = "legeerklaring"
    DIALOGMELDING = "dialogmelding"
    EMPLOYER_DIALOGUE = "employer-dialogue"
    NAV_REQUEST = "nav-request"
    OPPFOLGINGSPLAN = "oppfolgingsplan"
    DIALOGMOTE = "dialogmote"
    DECISION_NOTICE = "decision-notice"
    INCOME_REQUEST = "income-request"
    INNTEKTSMELDING = "inntektsmelding"
    ABSENCE_EXPORT = "absence-export"
    COORDINATION_PLAN = "coordination-plan"
    CARE_RECORD = "care-record"
    OHS_REPORT = "ohs-report"
    FK7804 = "fk7804"
    AG7804 = "ag7804"
    AG114 = "ag114"
    FK_COMPLETION = "fk-completion"
    FK_QUESTION = "fk-question"
    FK_LETTER = "fk-letter"
    FK_REVOCATION = "fk-revocation"
    FK_CASE = "fk-case"
    ACCESS_LOG = "access-log"
    REVIEW_ITEM = "review-item"


class Obligation(StrEnum):
    """What a permit demands of the gateway; one it does not know refuses."""

    LOG = "log"
    HOLD_FOR_REVIEW = "hold-for-review"
    NOTIFY_PATIENT = "notify-patient"
    SHOW_AS_BREAK_GLASS = "show-as-break-glass"
    PLACEHOLDER = "placeholder"
    MINIMISE_TO_QUESTION = "minimise-to-question"
    NO_REDISCLOSURE = "no-redisclosure"
