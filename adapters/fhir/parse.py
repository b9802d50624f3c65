"""FHIR bundles to the canonical model: sick notes in the three shapes that EHRs send, and other messages.

NAV's batch pair and a message bundle say everything in a QuestionnaireResponse; an ordinary EHR's bundle has the
diagnoses as Conditions and the consultation as an Encounter. Which one it is follows from what stands in it. Pure.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import astuple, replace
from typing import Any

import orjson

from adapters.fhir.asked import Question, misanswered
from adapters.fhir.codec import decode, reread
from gateway.core.errors import Issue, Severity
from gateway.core.message import Parsed, Read
from gateway.model import Coding, SickLeaveCertificate

Reads = Callable[..., Parsed[Any]]
"""A reading program: `read(bundle, report=…)`."""

DIAGNOSIS = "hoveddiagnose"
FORM = "QuestionnaireResponse"
BOM = b"\xef\xbb\xbf"
BEYOND_THE_CODEC = frozenset({"code-invalid", "required"})
"""What is wrong with a sick note although it may be valid FHIR; the codec tells the rest."""

_CHOICE = re.compile(r"\bvalue([A-Z]\w*)")
_COMPLEX = frozenset({"Coding", "Quantity", "Reference", "Attachment"})


class FhirParser:
    """Reads bundles of every kind.

    `form` is the program for sick notes whose form says the diagnosis, `clinical` for those of an ordinary EHR, and
    `others` are those of other messages, each with what tells its bundles: a resource type, or `Type.property=value`.
    `asked` is what the Questionnaire of sick notes asks; without it a form is not held to one.
    """

    def __init__(
        self,
        form: Reads,
        clinical: Reads,
        others: Mapping[str, Reads] | None = None,
        asked: Mapping[str, Question] | None = None,
    ) -> None:
        self._form = form
        self._asked = asked or {}
        self._clinical = clinical
        self._others = dict(sorted((others or {}).items(), key=lambda one: _tells_least(one[0])))

    def __call__(self, raw: bytes, *, report: bool = False) -> Parsed[Any]:
        """Check and read a bundle. Never raises for what a sender sent; every issue is at a FHIRPath."""
        decoded = decode(raw)
        if decoded.resource is None:
            return Parsed(None, (*decoded.issues, *self._also_wrong(raw)))
        wrong = [*self._wrong(decoded.resource)] if self._other(decoded.resource) is None else []
        if wrong:
            return Parsed(None, (*decoded.issues, *map(_in_fhirpath, wrong)))
        parsed = self.checked(decoded.resource, report=report)
        return replace(parsed, issues=(*decoded.issues, *map(_in_fhirpath, parsed.issues)))

    def _wrong(self, bundle: dict[str, Any]) -> Iterator[Issue]:
        """Say why a valid Bundle is not one sick note, or does not answer what its form asks."""
        yield from _not_a_note(bundle)
        for number, entry in enumerate(bundle.get("entry", ())):
            form = entry.get("resource", {})
            if self._asked and form.get("resourceType") == FORM:
                yield from misanswered(form.get("item"), self._asked, f"Bundle.entry[{number}].resource")

    def _other(self, bundle: dict[str, Any]) -> Reads | None:
        """Give the program of the first other message that a bundle tells of.

        A bundle with a form is a sick note, whatever else an EHR put into it, unless the form itself tells otherwise.
        """
        resources = [*_resources(bundle)]
        form = any(r.get("resourceType") == FORM for r in resources)
        told = (one for one in self._others if not form or one.startswith(FORM))
        return next((self._others[one] for one in told if any(_told(one, r) for r in resources)), None)

    def _also_wrong(self, raw: bytes) -> list[Issue]:
        """Give what the mapping finds besides the codec in JSON that is no valid FHIR, so that all is told at once."""
        try:
            bundle = orjson.loads(raw.removeprefix(BOM))
        except orjson.JSONDecodeError:
            return []
        if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
            return []
        read = self._other(bundle) or self._form
        return [_in_fhirpath(i) for i in read(bundle, report=True).issues if i.code in BEYOND_THE_CODEC]

    def again(self, raw: bytes) -> Parsed[Any]:
        """Read bytes that this parser has accepted before, without checking them a second time."""
        return self.checked(reread(raw), report=False)

    def checked(self, bundle: dict[str, Any], *, report: bool) -> Parsed[Any]:
        """Read a bundle that is valid FHIR."""
        other = self._other(bundle)
        if other is not None:
            return other(bundle, report=report)
        if _has_diagnosis(bundle) or not any(r.get("resourceType") == "Condition" for r in _resources(bundle)):
            return self._form(bundle, report=report)
        read = self._clinical(bundle, report=report)
        return _promoted(read, _ranked(bundle), len(_entries(bundle, "Condition")))


def _tells_least(told: str) -> tuple[bool, bool]:
    """Order what tells a bundle: a value before a type, and last the header that any message may have."""
    return "=" not in told, told == "MessageHeader"


def _in_fhirpath(issue: Issue) -> Issue:
    """Give an issue's place as FHIRPath has it: `value.ofType(date)` for the JSON property `valueDate`."""

    def choice(match: re.Match[str]) -> str:
        kind = match[1] if match[1] in _COMPLEX else match[1][0].lower() + match[1][1:]
        return f"value.ofType({kind})"

    return replace(issue, at=_CHOICE.sub(choice, issue.at))


def _resources(bundle: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for entry in bundle.get("entry", ()):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict):
            yield resource


def _told(told: str, resource: dict[str, Any]) -> bool:
    place, _, value = told.partition("=")
    kind, _, name = place.partition(".")
    found = resource.get(name)
    return resource.get("resourceType") == kind and (
        not name or value in (found if isinstance(found, list) else [found])
    )


def _has_diagnosis(bundle: dict[str, Any]) -> bool:
    return any(
        isinstance(item, dict) and item.get("linkId") == DIAGNOSIS
        for resource in _resources(bundle)
        if resource.get("resourceType") == FORM
        for item in resource.get("item", ())
    )


def _not_a_note(resource: dict[str, Any]) -> Iterator[Issue]:
    """Say why a valid resource is not one sick note."""
    kind = resource.get("resourceType")
    if kind != "Bundle":
        yield Issue("not-supported", str(kind), "a sick note is sent as a Bundle", "put the resources in one Bundle")
        return
    forms = [r for r in _resources(resource) if r.get("resourceType") == FORM]
    if not forms:
        what = "there is no QuestionnaireResponse, and so no period of absence"
        yield Issue("required", "Bundle.entry", what, "add one with the item `aktivitet`")
    if len(forms) > 1:
        what = "there is more than one QuestionnaireResponse, and a Bundle is one sick note"
        yield Issue("structure", "Bundle.entry", what, "send each sick note in a Bundle of its own")
    if forms and forms[0].get("status") == "entered-in-error":
        what = "the form is marked as entered in error"
        yield Issue("business-rule", "Bundle.entry.resource.status", what, "send only what is to be forwarded")


def _ranked(bundle: dict[str, Any]) -> list[int]:
    """Give the numbers, among the Conditions, of those that the consultation names (Encounter.diagnosis, R4 8.11).

    They come by their rank, and those without one in the order in which they are named. The consultation is the one
    that the form points at, where there are several.
    """
    conditions = _entries(bundle, "Condition")
    encounters = _entries(bundle, "Encounter")
    form: dict[str, Any] = next((e["resource"] for e in _entries(bundle, FORM)), {})
    if len(encounters) > 1:
        encounters = [e for e in encounters if _points(form.get("encounter"), e)]
    named = [
        (diagnosis.get("rank", len(conditions) + 1), i, diagnosis.get("condition"))
        for encounter in encounters
        for i, diagnosis in enumerate(encounter["resource"].get("diagnosis", ()))
    ]
    ordered = sorted(named, key=lambda one: one[:2])
    found = [n for _, _, reference in ordered for n, entry in enumerate(conditions) if _points(reference, entry)]
    return list(dict.fromkeys(found))


def _entries(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [e for e in bundle.get("entry", ()) if e.get("resource", {}).get("resourceType") == kind]


def _points(reference: Any, entry: dict[str, Any]) -> bool:
    text = reference.get("reference", "") if isinstance(reference, dict) else ""
    own = f"{entry['resource'].get('resourceType')}/{entry['resource'].get('id')}"
    return bool(text) and (text in (entry.get("fullUrl"), own) or text.endswith(f"/{own}"))


def _promoted(parsed: Parsed[SickLeaveCertificate], ranked: list[int], conditions: int) -> Parsed[SickLeaveCertificate]:
    """Make the first ranked diagnosis the main one, in the record and in the account of it.

    Those without a rank follow by their codes, since the order of a Bundle's entries means nothing. Several of which
    none is ranked are refused.
    """
    record = parsed.record
    if record is None or not record.diagnosis.others or any(i.severity is Severity.ERROR for i in parsed.issues):
        return parsed
    others: tuple[Coding, ...] = record.diagnosis.others
    if len(others) > 1 and (not ranked or len(others) != conditions):
        what = "there are several Conditions, and nothing tells which of them is the main diagnosis"
        mend = "give each a code, and name them in Encounter.diagnosis by rank, or answer `hoveddiagnose` in the form"
        return replace(parsed, record=None, issues=(*parsed.issues, Issue("business-rule", "Bundle.entry", what, mend)))
    rest = sorted(set(range(len(others))) - set(ranked), key=lambda n: [word or "" for word in astuple(others[n])])
    order = [*(n for n in ranked if n < len(others)), *rest]
    main, *after = (others[n] for n in order)
    diagnosis = replace(record.diagnosis, main=main, others=tuple(after))
    rows = tuple(_renamed(row, order) for row in parsed.rows)
    return replace(parsed, record=replace(record, diagnosis=diagnosis), rows=rows)


def _renamed(row: Read, order: list[int]) -> Read:
    head = "diagnosis.others["
    if not row.field.startswith(head):
        return row
    number, _, rest = row.field[len(head) :].partition("]")
    place = order.index(int(number))
    return row._replace(field=f"diagnosis.main{rest}" if place == 0 else f"{head}{place - 1}]{rest}")
