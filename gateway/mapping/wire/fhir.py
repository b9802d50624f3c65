"""FHIR R4 types, as `fhir.resources` R4B has them, in the compiler's terms.

R4B equals R4 for every resource of a sick leave; the package's default is R5 and is never used. A child's type stands
in its annotation (`abc.CodingType`), a demanded primitive in `element_required`, a required binding in `enum_values`.
"""

import importlib
import types
from functools import cache, partial
from typing import Annotated, Any, Union, get_args, get_origin

from gateway.mapping.wire.modifiers import modifiers
from gateway.mapping.wire.schema import Child, Scalar, Schema, Shape

_R4B = importlib.import_module("fhir.resources.R4B")
_PRIMITIVES = {
    "Boolean": Scalar.JSON_BOOLEAN,
    "Integer": Scalar.JSON_INTEGER,
    "PositiveInt": Scalar.JSON_INTEGER,
    "UnsignedInt": Scalar.JSON_INTEGER,
    "Date": Scalar.JSON_DATE,
    "DateTime": Scalar.JSON_DATETIME,
    "Instant": Scalar.JSON_DATETIME,
    "Decimal": Scalar.JSON_NUMBER,
    "Code": Scalar.JSON_CODE,
    "Base64Binary": Scalar.BASE64,
}


def fhir_schema() -> Schema:
    """Give FHIR R4 as a wire schema; its roots are the resource types."""
    known = importlib.import_module("fhir.resources.R4B.fhirtypes")
    names = frozenset(name.removesuffix("Type") for name in known.__all__)
    return Schema(
        format="json",
        name="fhir-r4",
        root=lambda name: _shape(name) if name in names else None,
        roots=names,
        resource=lambda name: _shape(name) if name in names else None,
        tag=str,
    )


@cache
def _shape(name: str) -> Shape:
    if name in ("Resource", "DomainResource"):
        return Shape(name, open_resource=True)
    children: dict[str, Child] = {"resourceType": Child("resourceType", "resourceType", partial(_scalar_shape, "Code"))}
    model = _R4B.get_fhir_model_class(name)
    changing = modifiers(name, resource=model.has_resource_base())
    for field_name, info in model.model_fields.items():
        if field_name in ("fhir_comments", "resource_type") or field_name.endswith("__ext"):
            continue
        key = info.alias or field_name
        extra = info.json_schema_extra or {}
        kind, many = _kind(info.annotation)
        children[key] = Child(
            key,
            key,
            partial(_scalar_shape, kind[1:]) if kind.startswith("=") else partial(_shape, kind),
            many,
            required=info.is_required() or bool(extra.get("element_required")),
            enum=frozenset(extra.get("enum_values", ())),
            modifier=key in changing,
        )
    return Shape(name, children)


@cache
def _scalar_shape(primitive: str) -> Shape:
    return Shape(primitive.lower(), text=_PRIMITIVES.get(primitive, Scalar.JSON_STRING))


def _kind(annotation: Any) -> tuple[str, bool]:
    """Give the type's name (`=Date` for a primitive) and whether it is a list."""
    if get_origin(annotation) in (Union, types.UnionType):
        arms = [arm for arm in get_args(annotation) if arm is not type(None)]
        return _kind(arms[0])
    if get_origin(annotation) is list:
        return _kind(get_args(annotation)[0])[0], True
    if get_origin(annotation) is Annotated:
        return f"={type(get_args(annotation)[-1]).__name__}", False
    if annotation is bool:
        return "=Boolean", False
    return str(annotation.__name__).removesuffix("Type"), False
