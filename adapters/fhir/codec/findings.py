"""Everything that can be wrong with a FHIR message before it is mapped, as one table.

Each finding becomes an `Issue` of `gateway.core.errors`. The words in braces are filled from FHIR's own vocabulary
(type, element and code names), never from the message. `docs/errors.md` explains each; a test keeps it complete.
"""

from enum import Enum

from gateway.core.errors import Issue, Severity


class Finding(Enum):
    """A kind of mistake: FHIR issue-type, what is wrong, how to mend it, and whether it stops the message.

    `structure` is kept for bodies that cannot be read at all, which an HTTP edge answers with 400.
    """

    # the body
    EMPTY_BODY = "structure", "the body is empty", "send one FHIR resource"
    ENCODING = "structure", "the body is not UTF-8", "write the message in UTF-8"
    JSON_SYNTAX = (
        "structure",
        "the JSON does not parse here",
        "write JSON as RFC 8259 has it, without comments or trailing commas",
    )
    JSON_CONSTANT = "structure", "the JSON holds NaN or Infinity", "leave the element out; JSON has no such numbers"
    SURROGATE = (
        "structure",
        "a string holds half a character",
        "write \\u escapes of surrogates in pairs, or plain UTF-8",
    )
    JSON_OBJECT = "structure", "the JSON is not an object", "send one FHIR resource as a JSON object"
    XML_SYNTAX = "structure", "the XML does not parse here", "send well-formed XML 1.0"
    XML_DOCTYPE = (
        "structure",
        "the XML has a document type declaration",
        "leave out DOCTYPE and entities, which FHIR does not allow",
    )
    XML_NAMESPACE = (
        "structure",
        "the root element is not in the FHIR namespace",
        'declare xmlns="http://hl7.org/fhir" on the root',
    )
    TOO_DEEP = (
        "structure",
        "the message is nested deeper than {limit} levels",
        "flatten it; no sick-leave message needs this depth",
    )
    TOO_COSTLY = (
        "too-costly",
        "the message has more parts than any sick-leave message",
        "send one message at a time",
    )
    MEDIA_TYPE = (
        "not-supported",
        "the media type is not one this endpoint reads",
        "send application/fhir+json or application/fhir+xml",
    )
    MEDIA_MISMATCH = (
        "structure",
        "the body is {found} and its media type says {said}",
        "make Content-Type and body agree",
    )
    FHIR_VERSION = (
        "not-supported",
        "the media type asks for another FHIR version than 4.0",
        "send FHIR R4 with fhirVersion=4.0, or without the parameter",
    )
    DUPLICATE_KEY = (
        "invalid",
        "{element} stands more than once in the same JSON object",
        "write each name once; repeat elements in an array",
    )
    # the structure
    NO_RESOURCE_TYPE = "required", "resourceType is missing", "name the resource type"
    RESOURCE_TYPE = "not-supported", "the resource type is not one of FHIR R4", "use a resource type of FHIR R4 (4.0.1)"
    RESOURCE_TYPE_R5 = "not-supported", "{type} is a resource type of FHIR R5 and not of R4", "send FHIR R4 (4.0.1)"
    UNKNOWN_ELEMENT = (
        "invalid",
        "an element here is not one of {type} in FHIR R4",
        "remove it, or spell it as the specification does",
    )
    MISSPELT_ELEMENT = (
        "invalid",
        "an element here is not one of {type} in FHIR R4; the nearest is {element}",
        "spell it as the specification does",
    )
    ELEMENT_R5 = "not-supported", "{element} is an element of {type} in FHIR R5 and not in R4", "send FHIR R4 (4.0.1)"
    ARRAY_EXPECTED = "invalid", "{element} repeats and must be an array", "write it as an array, also with one item"
    ONE_EXPECTED = "invalid", "{element} does not repeat and must not be an array", "write it once, without brackets"
    OBJECT_EXPECTED = "invalid", "{element} must be an object of type {type}", "write it as a JSON object"
    NULL = "invalid", "{element} is null", "leave the element out; FHIR has no null"
    EMPTY_ARRAY = "invalid", "{element} is an empty array", "leave the element out; FHIR arrays are never empty"
    EMPTY_OBJECT = "invalid", "{element} is an empty object", "leave the element out; ele-1 wants a value or children"
    REQUIRED = "required", "{element} is missing", "{type} must have it in FHIR R4"
    CHOICE_TWICE = "invalid", "{element}[x] is given in more than one type", "keep one of them"
    ALIGNMENT = (
        "invalid",
        "{element} and _{element} do not line up",
        "give both arrays the same length, with null only where the other has something",
    )
    MODIFIER = (
        "extension",
        "a modifierExtension changes the meaning in a way the gateway does not know",
        "leave it out; what it says cannot be carried safely",
    )
    EXTENSION_CONTENT = (
        "invariant",
        "an extension has both a value and extensions, or neither (ext-1)",
        "give it exactly one of them",
    )
    NESTED_CONTAINED = (
        "invariant",
        "a contained resource contains resources itself (dom-2)",
        "contain them all in the outermost resource",
    )
    # the values
    BOOLEAN = "value", "{element} must be a JSON boolean", "write true or false without quotes"
    NUMBER = (
        "value",
        "{element} must be a JSON number of type {type}",
        "write the number without quotes, within the range of the type",
    )
    NUMBER_SIZE = (
        "value",
        "{element} has more digits than the gateway carries",
        "give at most 1000 digits before and after the point",
    )
    STRING = "value", "{element} must be a JSON string", "write it in quotes"
    BLANK = "value", "{element} is blank", "leave the element out, or give it content"
    CONTROL_CHARACTER = (
        "value",
        "{element} holds a control character",
        "only tab, line feed and carriage return are allowed below U+0020",
    )
    TOO_LONG = "value", "{element} is longer than 1,048,576 characters", "shorten it, or send it as an attachment"
    CODE_FORM = "value", "{element} is not a FHIR code", "no blanks first or last, and only single blanks within"
    ID_FORM = (
        "value",
        "{element} is not a FHIR id",
        "use 1 to 64 of the letters A to Z and a to z, digits, hyphens and full stops",
    )
    URI_FORM = (
        "value",
        "{element} is not a {type} without blanks, as FHIR has it",
        "no blanks, and the form of the type (urn:oid:… for oid, urn:uuid:… for uuid)",
    )
    BASE64 = "value", "{element} is not base64", "encode the content as RFC 4648 section 4 has it, with padding"
    DATE_FORM = (
        "value",
        "{element} does not have the form of FHIR's {type}",
        "YYYY-MM-DD for dates; a time of day needs seconds and a zone, as 2026-11-02T09:21:00+01:00",
    )
    DATE_CALENDAR = "value", "{element} is not a day or time that exists", "give a date of the calendar"
    XHTML = "value", "{element} is not an XHTML div", 'start it with <div xmlns="http://www.w3.org/1999/xhtml">'
    CODE_UNKNOWN = "code-invalid", "{element} is not one of the codes FHIR R4 binds it to", "use one of: {codes}"
    PERIOD_ORDER = "invariant", "the period ends before it starts (per-1)", "give start and end in order"
    ITEM_TWICE = (
        "invariant",
        "an item has nested items both below itself and below its answer (qrs-1)",
        "nest under the answer, or under the group",
    )
    # the bundle
    BUNDLE_TYPE = (
        "not-supported",
        "a Bundle of this type is not a message",
        "send message, document, batch, transaction or collection",
    )
    BUNDLE_EMPTY = "required", "the Bundle has no entry", "put the resources of the message in entry"
    PARAMETERS = (
        "required",
        "Parameters has no parameter content or resource with a resource",
        "send the message Bundle itself, or as the parameter content",
    )
    TOTAL = "invariant", "total is only for search results and histories (bdl-1)", "leave it out"
    SEARCH = "invariant", "entry.search is only for search results (bdl-2)", "leave it out"
    REQUEST_MISSING = "invariant", "entry.request is missing in a batch or transaction (bdl-3)", "give method and url"
    REQUEST_EXTRA = "invariant", "entry.request is only for batches and transactions (bdl-3)", "leave it out"
    RESPONSE = "invariant", "entry.response is only for responses and histories (bdl-4)", "leave it out"
    NO_RESOURCE = "invariant", "the entry has no resource (bdl-5)", "put the resource in the entry"
    METHOD = "not-supported", "a batch or transaction can only create or update here", "use POST or PUT with a resource"
    FULL_URL_TWICE = "invariant", "two entries have the same fullUrl (bdl-7)", "give each entry its own fullUrl"
    FULL_URL_VERSION = "invariant", "fullUrl names a version (bdl-8)", "leave out /_history/ and what follows"
    ID_TWICE = "business-rule", "two entries hold the same resource type and id", "give each resource its own id"
    DOCUMENT_IDENTIFIER = (
        "invariant",
        "a document has no identifier with system and value (bdl-9)",
        "give Bundle.identifier",
    )
    DOCUMENT_TIMESTAMP = "invariant", "a document has no timestamp (bdl-10)", "give Bundle.timestamp"
    DOCUMENT_FIRST = (
        "invariant",
        "the first entry of a document is not a Composition (bdl-11)",
        "put the Composition first",
    )
    MESSAGE_FIRST = (
        "invariant",
        "the first entry of a message is not a MessageHeader (bdl-12)",
        "put the MessageHeader first",
    )
    # the references
    REFERENCE_DANGLING = (
        "not-found",
        "the reference points at nothing in the Bundle",
        "include the resource, with the fullUrl that the reference names",
    )
    REFERENCE_NEEDED = (
        "not-found",
        "the message cannot be understood without the resource referred to here",
        "include the resource in the Bundle",
    )
    REFERENCE_OUTSIDE = (
        "not-found",
        "the reference points outside the Bundle and is not followed",
        "include the resource if the message needs it",
        Severity.WARNING,
    )
    REFERENCE_CONTAINED = (
        "invariant",
        "the reference points at no contained resource (ref-1)",
        "contain the resource, or correct the id after #",
    )
    CONTAINED_TWICE = "business-rule", "two contained resources have the same id", "give each its own id"
    REFERENCE_TYPE = "value", "the reference points at a {found}, which is not allowed here", "refer to one of: {types}"
    PATIENT_TWICE = "business-rule", "the Bundle holds more than one Patient", "send one message for each patient"
    PATIENT_OTHER = (
        "business-rule",
        "the reference points at another patient than the one in the Bundle",
        "let every resource of the message concern the same Patient",
    )

    def __init__(self, code: str, what: str, mend: str, severity: Severity = Severity.ERROR) -> None:
        self.code = code
        self.what = what
        self.mend = mend
        self.severity = severity

    def at(self, place: str, **words: object) -> Issue:
        """Say that it was found at `place`, with FHIR's own words for the braces."""
        return Issue(self.code, place, self.what.format(**words), self.mend.format(**words), self.severity)
