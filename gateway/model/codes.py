"""The canonical code lists: for each, the words that a coded field of the model may hold.

How each format writes them is in `mappings/codes/`; the mapping checker demands that a two-way table covers
the whole list.
"""

EMPLOYER_MEASURES = frozenset(
    {
        *("none", "work-training", "adaptation", "workplace-visit", "ergonomics", "aids", "occupational-health"),
        *("redistribution", "other"),
    }
)
"""What a certifier may propose to a Swedish employer (KV_FKMU_0004 as AG 7804 has it)."""

FORMS: dict[str, dict[str, str]] = {
    "diagnosis-system": {
        "icd-10": r"[A-Z]\d\d(\.?[0-9A-Za-z]{1,4})?",
        "icpc-2": r"[A-Z]\d\d\d?",
        "icpc-2b": r"[A-Z]\d\d\d?(\.\d{4})?",
    }
}
"""What the codes of a code system look like, for the lists whose words are code systems; what looks otherwise is none.

ICD-10 as WHO writes it (volume 2, 2.4), with the further characters of the Norwegian edition; ICPC-2 by WONCA, a letter
and two digits, with the third of some Norwegian codes; ICPC-2B, a term below an ICPC-2 code.
"""

LISTS: dict[str, frozenset[str]] = {
    "ident-kind": frozenset({"national-number", "d-number", "hpr", "her", "orgnr", "resh"}),
    "telecom-use": frozenset({"main", "mobile", "work", "work-direct", "home", "fax"}),
    "address-use": frozenset({"postal", "home", "registered", "work", "visiting"}),
    "diagnosis-system": frozenset({"icd-10", "icpc-2", "icpc-2b"}),
    "has-employer": frozenset({"one", "several", "none"}),
    "absence-reason": frozenset(
        {
            "approved-institution",
            "treatment-prevents-work",
            "work-oriented-measure",
            "health-related-grant",
            "control-examination",
            "infection-hazard",
            "abortion",
            "infertility",
            "donor",
            "sterilisation",
        }
    ),
    "medical-reason": frozenset({"condition-prevents", "activity-worsens", "activity-delays-recovery", "other"}),
    "workplace-reason": frozenset({"lacking-adaptation", "other"}),
    "restriction": frozenset({"employer", "patient", "nav"}),
    "receipt-status": frozenset({"ok", "rejected", "ok-with-errors"}),
    "party-ident": frozenset({"national-number", "d-number", "hpr", "her", "orgnr", "resh"}),
    "dialogue-function": frozenset({"note", "answer", "request", "plan", "care"}),
    "nav-request": frozenset({"request", "reminder"}),
    "meeting-invitation": frozenset({"invitation", "change"}),
    "meeting-answer": frozenset({"coming", "another-time", "not-coming"}),
    "request-answer": frozenset({"answer"}),
    "inquiry": frozenset({"on-sick-leave", "not-on-sick-leave"}),
    "nav-notice": frozenset({"fit-for-placement", "statement-returned", "meeting-cancelled", "message", "information"}),
    "care-note": frozenset({"about-patient"}),
    "note-role": frozenset({"author"}),
    "relation": frozenset({"record-keeper", "regular-gp", "contact"}),
    "yes-no": frozenset({"yes", "no"}),
    "yes-no-unknown": frozenset({"yes", "no", "unknown"}),
    "now-later": frozenset({"now", "later"}),
    "statement-purpose": frozenset(
        {"long-sick-leave", "rehabilitation-benefit", "vocational-rehabilitation", "disability-pension"}
    ),
    "statement-diagnosis-system": frozenset({"icpc", "icd-9", "icd-10", "icpc-1", "icpc-2"}),
    "statement-measure": frozenset(
        {
            *("bought-health-service", "travel-subsidy", "active-sick-leave", "aids-at-work"),
            *("vocational-rehabilitation", "fit-for-placement", "other"),
        }
    ),
    "work-situation": frozenset({"paid-work", "housework", "student", "other"}),
    "statement-contact": frozenset({"treating-doctor", "employer", "employment-office", "local-group", "other"}),
    "absence-kind": frozenset(
        {
            *("sick-self", "sick-certified", "sick-unspecified", "sick-child", "care-relative"),
            *("parental", "leave", "vacation", "other"),
        }
    ),
    "absence-cause": frozenset({"work-injury", "infection-carrier", "pregnancy"}),
    "absence-unit": frozenset({"percent", "fraction", "hours", "days"}),
    "other-income": frozenset(
        {"other-employment", "self-employed", "childminder", "farmer-fisher-herder", "freelancer", "other"}
    ),
    "income-benefit": frozenset({"sick-pay", "parental", "pregnancy", "nursing", "care", "training"}),
    "income-purpose": frozenset({"new", "change"}),
    "income-request-status": frozenset({"active", "answered", "withdrawn"}),
    "income-change": frozenset({"wage-agreement", "was-wrong"}),
    "postponement-reason": frozenset({"work", "statutory-holiday"}),
    "pay-reduction": frozenset(
        {
            *("lawful-absence", "absence-without-reason", "work-ended", "told-too-late", "not-earned", "no-pay"),
            *("incapacity-doubted", "no-absence", "strike-or-lockout", "laid-off", "fisher-with-hire", "special-rules"),
        }
    ),
    "benefit-in-kind": frozenset(
        {
            *("shares-below-value", "lodging", "board-by-day-and-night", "other-visits-home", "board-saved-at-home"),
            *("loan-interest", "car", "board-days", "housing", "taxable-insurance", "free-transport", "options"),
            *("nursery-subsidy", "other", "company-nursery", "work-car-kilometres", "work-car-list-price"),
            *("pension-abroad", "electronic-communication"),
        }
    ),
    "se-person-number": frozenset({"personnummer", "samordningsnummer"}),
    "se-relation": frozenset({"completes", "replaces", "renews", "copies"}),
    "se-topic": frozenset({"completion", "contact", "meeting", "reminder", "other"}),
    "se-ground": frozenset({"examination", "telephone", "records", "other"}),
    "se-diagnosis-system": frozenset({"icd-10", "ksh97-p"}),
    "se-current-work": frozenset({"current-work"}),
    "se-occupation": frozenset({"current-work", "job-seeker", "parental-leave", "studies"}),
    "se-degree": frozenset({"100", "75", "50", "25"}),
    "se-outlook": frozenset({"after-this", "within-days", "not-within-a-year", "unclear"}),
    "se-back-within": frozenset({"30", "60", "90", "180", "365"}),
    "se-employer-measure": EMPLOYER_MEASURES,
    "se-benefit-measure": EMPLOYER_MEASURES | {"new-work", "conflict-handling"},
}
