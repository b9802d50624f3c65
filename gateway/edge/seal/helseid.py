"""The signer's HelseID token that stands in for a personal signature: finding it in a message.

A document of the message with MimeType application/jwt holds it in base64 (NAV's ebXML payload rules); what it must say
stands below, and `gateway.edge.identity.signer` checks it. A bearer token says who was logged in and not what was
signed, so it counts only inside a message whose sender is proved by other means: the transport's certificate, or the
organisation's own signature.
"""

import base64
import binascii
from typing import Final

from lxml import etree

from gateway.edge.seal import SealBroken
from gateway.edge.seal.xmldsig import read

MEDIA_TYPE: Final = "application/jwt"
AUDIENCE: Final = "nav:sign-message"
SCOPE: Final = "nav:sign-message/msghead"
SECURITY_LEVEL: Final = "4"
PID_CLAIM: Final = "helseid://claims/identity/pid"
LEVEL_CLAIM: Final = "helseid://claims/identity/security_level"
ALGORITHMS: Final = frozenset(f"{kind}{size}" for kind in ("RS", "PS", "ES") for size in (256, 384, 512))

_PERSONS = frozenset({"FNR", "DNR"})
_HEAD = "{http://www.kith.no/xmlstds/msghead/2006-05-24}"
_BASE64 = "{http://www.kith.no/xmlstds/base64container}Base64Container"


def token(raw: bytes) -> str | None:
    """Give the token that the message (a MsgHead) carries, unverified, or nothing when it carries none.

    Raises `SealBroken` for more than one, and for one that cannot be read.
    """
    documents = [ref for ref in read(raw).iter(_HEAD + "RefDoc") if _media_type(ref) == MEDIA_TYPE]
    if not documents:
        return None
    if len(documents) != 1:
        raise SealBroken("the message carries more than one signer's token")
    containers = list(documents[0].iter(_BASE64))
    if len(containers) != 1:
        raise SealBroken("the signer's token is not in one base64 container")
    try:
        return base64.b64decode("".join((containers[0].text or "").split()), validate=True).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise SealBroken("the signer's token is not base64") from error


def professional(raw: bytes) -> str:
    """Give the national number of the health professional that the message names as its sender; nothing if none."""
    for ident in read(raw).iterfind(f"{_HEAD}MsgInfo/{_HEAD}Sender//{_HEAD}HealthcareProfessional/{_HEAD}Ident"):
        kind = ident.find(_HEAD + "TypeId")
        if kind is not None and kind.get("V") in _PERSONS:
            return (ident.findtext(_HEAD + "Id") or "").strip()
    return ""


def _media_type(reference: etree._Element) -> str:
    return (reference.findtext(_HEAD + "MimeType") or "").strip().lower()
