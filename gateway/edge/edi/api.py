"""What NHN's message service calls things: version 2 of its API, as data, so that it can be corrected in one place.

Read from the OpenAPI description «MSH API v2» and NHN's guide to EDI 2.0. What neither says is assumed, and listed in
`ASSUMED`; `docs/operations/transports.md` repeats it.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from lxml import etree

from gateway.core.ebxml import Address
from gateway.core.errors import Uncertain

VERSION: Final = {"api-version": "2", "nhn-source-system": "Samspill, 0.1", "accept": "application/json"}
SCOPE: Final = "nhn:msh/api"
TOKEN_PATH: Final = "/connect/token"  # noqa: S105 - a path; of HelseID, after its issuer

MESSAGES: Final = "/Messages"
DOCUMENT: Final = "/Messages/{id}/business-document"
STATUS: Final = "/Messages/{id}/status"
APPREC: Final = "/Messages/{id}/apprec"
SEND_APPREC: Final = "/Messages/{id}/apprec/{her}"
READ: Final = "/Messages/{id}/read/{her}"

LARGEST: Final = 35 * 1024 * 1024
"""Bytes of a request that the service takes."""
FETCHED: Final = 25
"""Messages asked for at once; the service gives 100 at most."""

ACKNOWLEDGED: Final = "acknowledged"
REJECTED: Final = "rejected"
OK, NOT_OK = "1", "2"
"""How an AppRec's status is written; it is read by name as well."""
ERROR_CODE: Final = "X99"

ASSUMED: Final = (
    "the service has no idempotency key, and takes the same document twice as two messages",
    "a client may ask for the AppRec of a message that it has received, as for one that it has sent",
    "a second AppRec for one message is refused with 400, or taken and carried once more",
    "401 with the header DPoP-Nonce asks for a proof with that nonce, as RFC 9449 § 9 has it",
    "429 and 503 took nothing; 423 (the HER-id is locked by another client) took nothing",
    "an unread message stays in the list until it is marked as read, and the list is in the order of GenDate",
)

_ID: Final = re.compile(r"[0-9A-Fa-f-]{8,64}")


@dataclass(frozen=True, slots=True)
class Waiting:
    """An unread message: its id in the service, the HER-ids it goes from and to, and whether it is an AppRec."""

    id: str
    receiver: str
    sender: str
    is_apprec: bool


def unread(hers: Iterable[str]) -> str:
    """Give the path and query of the unread messages to these HER-ids, the oldest first."""
    asked = [("ReceiverHerIds", her) for her in hers]
    asked += [("IncludeMetadata", "true"), ("MessagesToFetch", str(FETCHED)), ("OrderBy", "1")]
    return f"{MESSAGES}?{urlencode(asked)}"


def message(document: bytes, her: str, overrides: Mapping[str, str]) -> bytes:
    """Write what is posted to send a document to one HER-id."""
    said: dict[str, Any] = {
        "businessDocument": base64.b64encode(document).decode(),
        "contentType": "application/xml",
        "contentTransferEncoding": "base64",
        "receiverHerIdsSubset": [int(her)],
    }
    return orjson.dumps(said | ({"ebXmlOverrides": dict(overrides)} if overrides else {}))


def overrides(agreement: str, address: Address) -> dict[str, str]:
    """Give what a recipient with an agreement of its own demands of the envelope that the service writes for it."""
    return {
        "cpaId": agreement,
        "service": address.service,
        "action": address.action,
        "senderRole": address.sender_role,
        "receiverRole": address.receiver_role,
    }


def sent(body: bytes) -> str:
    """Give the id of a message that was sent: a string, or the member `id` of an object. Raises `Uncertain`."""
    said = _json(body)
    name = said.get("id") if isinstance(said, dict) else said
    if not _is_id(name):
        raise Uncertain("the message service gives no id")
    return str(name)


def waiting(body: bytes) -> list[Waiting]:
    """Read the list of unread messages; what has no id or receiver that can be read is left out. Raises `Uncertain`."""
    said = _json(body)
    if not isinstance(said, list):
        raise Uncertain("the message service gives no list of messages")
    found = (one for one in said if isinstance(one, dict) and _is_id(one.get("id")) and _her(one.get("receiverHerId")))
    return [
        Waiting(one["id"], _her(one["receiverHerId"]), _her(one.get("senderHerId")), one.get("isAppRec") is True)
        for one in found
    ]


def document(body: bytes) -> bytes:
    """Give the document of an answer. Raises `Uncertain`."""
    said = _json(body)
    content = said.get("businessDocument") if isinstance(said, dict) else None
    if isinstance(content, str) and content:
        with suppress(binascii.Error, ValueError):
            return base64.b64decode(content, validate=True)
    raise Uncertain("the message service gives no document that can be read")


def status(body: bytes, her: str) -> str:
    """Give the transport's state for one receiver, in lower case; empty when nothing is said. Raises `Uncertain`."""
    return next((str(one.get("transportDeliveryState", "")).lower() for one in _about(body, her)), "")


def receipted(body: bytes, her: str) -> bool:
    """Whether an AppRec is there for one receiver. Raises `Uncertain`."""
    return any(one.get("appRecStatus") for one in _about(body, her))


def apprec(receipt: bytes) -> bytes:
    """Write an application receipt of ours (AppRec as XML) as the service takes it."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    root: Any = etree.fromstring(receipt, parser)
    errors = [
        {"errorCode": one.get("V") or ERROR_CODE, "details": one.get("DN") or ""} for one in root.iter("{*}Error")
    ]
    found = next(root.iter("{*}Status"), None)
    accepted = found is not None and found.get("V") == OK
    said: dict[str, Any] = {"appRecStatus": OK if accepted and not errors else NOT_OK}
    return orjson.dumps(said | ({"appRecErrorList": errors} if errors else {}))


def refusal(why: Sequence[str]) -> bytes:
    """Write an application receipt that rejects a message for reasons."""
    errors = [{"errorCode": ERROR_CODE, "details": one} for one in why]
    return orjson.dumps({"appRecStatus": NOT_OK, "appRecErrorList": errors})


def _about(body: bytes, her: str) -> list[dict[str, Any]]:
    said = _json(body)
    if not isinstance(said, list):
        raise Uncertain("the message service gives no list of states")
    return [one for one in said if isinstance(one, dict) and str(one.get("receiverHerId")) == her]


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Uncertain("the message service answers with no JSON") from None


def _is_id(said: object) -> bool:
    """Whether this is an id that may stand in a path."""
    return isinstance(said, str) and _ID.fullmatch(said) is not None


def _her(said: object) -> str:
    return str(said) if isinstance(said, int) else ""
