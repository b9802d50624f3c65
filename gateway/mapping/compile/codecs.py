"""Which canonical type can stand in which wire type: a codec follows from the pair and is never written down."""

from datetime import date, datetime

from gateway.mapping.wire.schema import Scalar

TEXTS = frozenset(
    {
        *(Scalar.STRING, Scalar.COLLAPSED, Scalar.URI, Scalar.OID, Scalar.JSON_STRING, Scalar.JSON_CODE),
        Scalar.BASE64,
    }
)

CODECS: dict[type, frozenset[Scalar]] = {
    str: TEXTS | {Scalar.DECIMAL, Scalar.JSON_NUMBER},
    bool: frozenset({Scalar.BOOLEAN, Scalar.JSON_BOOLEAN}),
    int: frozenset({Scalar.INTEGER, Scalar.JSON_INTEGER}),
    date: frozenset({Scalar.DATE, Scalar.JSON_DATE}),
    datetime: frozenset({Scalar.DATETIME, Scalar.JSON_DATETIME}),
}

READERS: dict[tuple[type, Scalar], str] = {
    (str, Scalar.STRING): "text",
    (str, Scalar.COLLAPSED): "token",
    (str, Scalar.URI): "token",
    (str, Scalar.OID): "token",
    (str, Scalar.JSON_STRING): "json_text",
    (str, Scalar.JSON_CODE): "json_text",
    (str, Scalar.BASE64): "base64",
    (str, Scalar.DECIMAL): "decimal",
    (str, Scalar.JSON_NUMBER): "json_number",
    (str, Scalar.INTEGER): "token",  # only where a code table reads it
    (bool, Scalar.BOOLEAN): "boolean",
    (bool, Scalar.JSON_BOOLEAN): "json_boolean",
    (int, Scalar.INTEGER): "integer",
    (int, Scalar.JSON_INTEGER): "json_integer",
    (date, Scalar.DATE): "xml_date",
    (date, Scalar.JSON_DATE): "json_date",
    (datetime, Scalar.DATETIME): "xml_datetime",
    (datetime, Scalar.JSON_DATETIME): "json_datetime",
}

WRITERS: dict[Scalar, str] = {
    Scalar.STRING: "xml_text",
    Scalar.COLLAPSED: "xml_token",
    Scalar.URI: "xml_token",
    Scalar.OID: "xml_token",
    Scalar.BASE64: "base64",
    Scalar.BOOLEAN: "xml_boolean",
    Scalar.INTEGER: "str",
    Scalar.DECIMAL: "xml_token",
    Scalar.DATE: "iso",
    Scalar.DATETIME: "iso",
    Scalar.JSON_STRING: "json_string",
    Scalar.JSON_CODE: "json_string",
    Scalar.JSON_BOOLEAN: "same",
    Scalar.JSON_INTEGER: "same",
    Scalar.JSON_NUMBER: "as_number",
    Scalar.JSON_DATE: "iso",
    Scalar.JSON_DATETIME: "iso",
}

IN_ATTRIBUTES = {"xml_text": "xml_attribute", "xml_token": "xml_token_attribute"}


def fits(kind: type, scalar: Scalar) -> bool:
    """Whether a canonical type can stand in a wire type."""
    return scalar in CODECS.get(kind, frozenset())
