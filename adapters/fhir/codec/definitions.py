"""The FHIR R4 definitions that the codec checks against, read from the `fhir.resources` R4B models.

`fhir.resources` has no R4 (4.0.1) of its own, and R4B (4.3.0) stands in for it. Compared with R4's StructureDefinitions
element by element (names, cardinalities, types, targets of references), the two are equal for every resource and data
type but ActivityDefinition, DiagnosticReport.subject, Evidence and EvidenceVariable; what R4B added is taken away here.
The models are imported when the first message comes, one type at a time.
"""

import re
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any

from adapters.fhir.codec.bindings import CODED_CONCEPTS, CORRECTED

_TYPE_NAME = re.compile(r"[A-Z][A-Za-z]{1,60}\Z")
_NOT_IN_R4 = frozenset(
    {
        "CodeableReference",
        "RatioRange",
        "AdministrableProductDefinition",
        "Citation",
        "ClinicalUseDefinition",
        "EvidenceReport",
        "Ingredient",
        "ManufacturedItemDefinition",
        "MedicinalProductDefinition",
        "NutritionProduct",
        "PackagedProductDefinition",
        "RegulatedAuthorization",
        "SubscriptionStatus",
        "SubscriptionTopic",
        "SubstanceDefinition",
    }
)
_ABSTRACT = frozenset({"Resource", "DomainResource"})


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a type.

    `name` is its JSON name, `path` its FHIRPath (`value.ofType(Coding)` for `valueCoding`), `type` the FHIR type or the
    name of the backbone type. `choice` is the common part of a choice's names. `codes` are the codes of a required
    binding, `targets` the resource types that a Reference may point at (empty: any).
    """

    name: str
    path: str
    type: str
    primitive: bool
    many: bool
    required: bool
    choice: str
    codes: frozenset[str]
    targets: frozenset[str]


@dataclass(frozen=True, slots=True)
class Definition:
    """A FHIR type: its elements by JSON name, those it must have, whether it has choices, and those it must make."""

    name: str
    resource: bool
    elements: Mapping[str, Element]
    required: tuple[Element, ...]
    chooses: bool
    required_choices: frozenset[str]


class NotAType(Exception):
    """The name is not a type of this FHIR version."""


@cache
def definition(name: str) -> Definition:
    """Give the definition of a concrete R4 type; raises `NotAType`."""
    if name in _NOT_IN_R4 or name in _ABSTRACT:
        raise NotAType
    model = model_of(name)
    elements = {e.name: e for e in _elements(model)}
    extras = [field.json_schema_extra or {} for field in model.model_fields.values()]
    return Definition(
        name=model.get_resource_type(),
        resource=model.has_resource_base(),
        elements=MappingProxyType(elements),
        required=tuple(e for e in elements.values() if e.required),
        chooses=any(e.choice for e in elements.values()),
        required_choices=frozenset(x["one_of_many"] for x in extras if x.get("one_of_many_required")),
    )


def is_resource(name: str) -> bool:
    """Say whether a name is that of an R4 resource type."""
    try:
        known = definition(name)
    except NotAType:
        return False
    return known.resource and known.name == name


@cache
def model_of(name: str) -> Any:
    """Give the R4B model class of a type; raises `NotAType`."""
    from fhir.resources.R4B import get_fhir_model_class  # noqa: PLC0415 (0.2 s, paid by the first message only)

    if not _TYPE_NAME.match(name):
        raise NotAType
    try:
        return get_fhir_model_class(name)
    except (ValueError, ImportError, AttributeError):
        raise NotAType from None


@lru_cache(maxsize=64)
def r5_elements(name: str) -> frozenset[str]:
    """Give the element names that a type has in R5, to tell a message of the wrong version from a misspelt one."""
    from fhir.resources import get_fhir_model_class  # noqa: PLC0415 (only for a message that is wrong already)

    if not _TYPE_NAME.match(name):
        return frozenset()
    try:
        model = get_fhir_model_class(name)
    except (ValueError, ImportError, AttributeError):
        return frozenset()
    return frozenset(str(f.alias or key) for key, f in model.model_fields.items())


def _elements(model: Any) -> typing.Iterator[Element]:
    for key, field in model.model_fields.items():
        extra = field.json_schema_extra or {}
        if not extra.get("element_property"):
            continue
        name = str(field.alias or key)
        kind, many = _kind(field.annotation)
        if kind in _NOT_IN_R4:
            continue
        primitive = kind[0].islower()
        choice = str(extra.get("one_of_many", ""))
        yield Element(
            name=name,
            path=f"{choice}.ofType({kind})" if choice else name,
            type=kind,
            primitive=primitive,
            many=many,
            required=bool(extra.get("element_required")) or field.is_required(),
            choice=choice,
            codes=_codes(model.get_resource_type(), name, kind, extra),
            targets=frozenset(extra.get("enum_reference_types", ())) - {"Resource"},
        )


def _codes(owner: str, name: str, kind: str, extra: Mapping[str, Any]) -> frozenset[str]:
    corrected = CORRECTED.get((owner, name))
    if corrected is not None:
        return corrected
    if kind == "CodeableConcept":
        return CODED_CONCEPTS.get((owner, name), frozenset())
    codes = frozenset(extra.get("enum_values", ()))
    return codes if kind == "code" and "+" not in codes else frozenset()


def _kind(annotation: Any) -> tuple[str, bool]:
    """Give FHIR type and whether it repeats, from a field's annotation."""
    if annotation is bool:
        return "boolean", False
    name = getattr(annotation, "__name__", "")
    if name.endswith("Type") and hasattr(annotation, "get_model_klass"):
        return name.removesuffix("Type"), False
    if typing.get_origin(annotation) is typing.Annotated:
        marks = typing.get_args(annotation)[1:]
        named = [mark.__visit_name__ for mark in marks if hasattr(mark, "__visit_name__")]
        if named:
            return str(named[0]), False
        if any(type(mark).__name__ == "UuidVersion" for mark in marks):
            return "uuid", False
    inner = [_kind(arm) for arm in typing.get_args(annotation) if arm is not type(None)]
    if not inner:
        raise TypeError("a model of fhir.resources has a field of a kind the codec does not know")
    return inner[0][0], inner[0][1] or typing.get_origin(annotation) is list
