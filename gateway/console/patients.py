"""One patient, found by number, then known by a handle of the session: consents, disclosures, and the answer to them.

The number is sent in a form, is never shown, and stands in no address.
"""

from collections import Counter

from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.console import consent_words, mine
from gateway.console.log import copy, set_reason
from gateway.console.opens import opened
from gateway.console.sessions import Standing
from gateway.console.visit import Visit
from gateway.core.audit import AuditAction
from gateway.core.identifiers import PERSONS, kind_of
from gateway.edge.audit.search import Filter
from gateway.edge.store import review

SHOWN = 50
MOST = 500


def lookup(visit: Visit) -> Response:
    """Give the form that a patient is looked up with."""
    visit.desk.look(visit.session, "patients")
    return visit.page("patients", wrong="")


def find(visit: Visit) -> Response:
    """Find a patient by number, for a reason."""
    number = "".join(visit.form.get("number", "").split()).replace("-", "")
    reason = visit.form.get("reason", "")
    known = kind_of(number) in PERSONS
    if not known or visit.words.word("reasons", reason) == reason:
        return visit.page("patients", 422, wrong="reason" if known else "number")
    set_reason(visit.session, visit)
    visit.session.flash = ""
    return visit.go(f"/patient/{visit.session.handle(visit.desk.pseudonym(number))}")


def patient(visit: Visit) -> Response:
    """Give a patient's consents, disclosures and cases."""
    who = _who(visit)
    visit.desk.look(visit.session, "patient", patient=who)
    entries = visit.desk.entries(Filter(patient=who), SHOWN)
    cases = visit.desk.database.rows(review.OF_PATIENT, who=who)
    consents = consent_words.given_by(visit.desk, who)
    return visit.page("patient", who=who, entries=[one.entry for one in entries], consents=consents, cases=cases)


def consent(visit: Visit) -> Response:
    """Give one consent of a patient: what it says, what it opens by which rule, and every version of it."""
    who = _who(visit)
    visit.desk.look(visit.session, "consent", patient=who)
    history = consent_words.versions(visit.desk, who, visit.session.pseudonym(visit.path["consent"]))
    if not history:
        raise HTTPException(404)
    again = Counter(
        one.entry.recorded_at for one in visit.desk.entries(Filter(patient=who, actions=(AuditAction.REOPENED,)), MOST)
    )
    return visit.page(
        "consent",
        who=who,
        given=history[0],
        opened=opened(visit.desk, history[0]),
        history=[(one, again[one.recorded_at]) for one in history],
        text=lambda rule: getattr(rule, visit.words.language, rule.nb),
    )


def answer(visit: Visit) -> Response:
    """Give what the patient is answered: the very text that the patient's own page has."""
    who = _who(visit)
    visit.desk.look(visit.session, "answer", patient=who)
    told = mine.told(visit.desk, who, visit.words)
    return visit.page("answer", who=who, told=told, consents=consent_words.given_by(visit.desk, who))


def export(visit: Visit) -> Response:
    """Give a copy of a patient's entries, which the log tells of first."""
    who = _who(visit)
    visit.desk.look(visit.session, "answer", patient=who, action=AuditAction.LOG_EXPORT)
    return copy(visit.desk, Filter(patient=who), visit.form.get("format", ""))


def _who(visit: Visit) -> str:
    who = visit.session.pseudonym(visit.path["handle"])
    if not who:
        raise HTTPException(404)
    return who


OFFICER = (Standing.OFFICER,)
PAGES = (
    ("GET", "/patients", OFFICER, lookup),
    ("POST", "/patients", OFFICER, find),
    ("GET", "/patient/{handle}", OFFICER, patient),
    ("GET", "/patient/{handle}/consent/{consent}", OFFICER, consent),
    ("GET", "/patient/{handle}/answer", OFFICER, answer),
    ("POST", "/patient/{handle}/export", OFFICER, export),
)
