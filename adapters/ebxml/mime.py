"""SOAP with attachments: multipart/related, its first part (or the one that `start` names) the envelope (RFC 2387).

What a peer attached is given as the bytes that were attached, whatever their charset and line ends.
"""

import base64
import re
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from hashlib import sha256
from typing import Final

from gateway.core.ebxml import Attachment, Code, EbmsError, EbmsProblem, Package

MOST_PARTS: Final = 20
ENVELOPE: Final = "text/xml"
_TAKEN: Final = frozenset({ENVELOPE, "application/xml", "application/soap+xml"})
_ENCODINGS: Final = frozenset({"", "7bit", "8bit", "binary", "base64", "quoted-printable"})
_WORD = re.compile(r"[A-Za-z0-9.@_\-]+\Z")
_PARSER = BytesParser(EmailMessage, policy=HTTP.clone(max_line_length=None))


def unpack(content_type: str, body: bytes) -> Package:
    """Take a message apart. A body that is no multipart is an envelope alone, as signals are.

    Raises `EbmsProblem` (MimeProblem).
    """
    if any(mark in content_type for mark in "\r\n\0"):
        raise _problem("Content-Type", "the media type has line ends in it")
    message = _PARSER.parsebytes(b"Content-Type: " + content_type.encode("utf-8", "replace") + b"\r\n\r\n" + body)
    if not isinstance(message, EmailMessage):  # the parser was given this class
        raise _problem("Content-Type", "the message cannot be taken apart")
    if message.get_content_type() in _TAKEN:
        return Package(body)
    if message.get_content_type() != "multipart/related":
        raise _problem("Content-Type", "the media type is neither multipart/related nor text/xml")
    parts = [part for part in message.iter_parts() if isinstance(part, EmailMessage)]
    if message.defects or not parts:
        raise _problem("Content-Type", "the message does not end where its boundary says, or has no boundary")
    if len(parts) > MOST_PARTS:
        raise _problem("parts", f"there are more than {MOST_PARTS} parts")
    return _package(parts, _bare(str(message.get_param("start", ""))))


def _package(parts: list[EmailMessage], start: str) -> Package:
    read = [_part(part, number) for number, part in enumerate(parts, 1)]
    root = next((one for one in read if one.cid == start), None) if start else read[0]
    if root is None or root.media_type not in _TAKEN:
        raise _problem("start", "the first part, or the one named as start, is not XML")
    rest = tuple(one for one in read if one is not root)
    if len({one.cid for one in rest}) != len(rest) or not all(one.cid for one in rest):
        raise _problem("parts", "an attachment has no Content-ID, or that of another")
    return Package(root.body, rest)


def _part(part: EmailMessage, number: int) -> Attachment:
    place = f"part {number}"
    if part.is_multipart():
        raise _problem(place, "the part has parts of its own")
    if str(part.get("Content-Transfer-Encoding", "")).strip().lower() not in _ENCODINGS:
        raise _problem(place, "the transfer encoding is not known here")
    body = part.get_payload(decode=True)
    if not isinstance(body, bytes) or part.defects:
        raise _problem(place, "the part cannot be decoded as its transfer encoding says")
    return Attachment(_bare(str(part.get("Content-ID", ""))), part.get_content_type(), body)


def pack(package: Package, host: str) -> tuple[str, bytes]:
    """Give the media type and the body of a message; the same package gives the same bytes.

    Lines end in CRLF, the envelope is as it was given, and attachments are in base64.
    """
    cids = [f"envelope@{host}", *(one.cid for one in package.attachments)]
    if not all(_WORD.match(cid) for cid in cids):
        raise ValueError("a Content-ID has characters that need quoting")
    digest = sha256(package.envelope)
    for one in package.attachments:
        digest.update(one.body)
    boundary = f"samspill-{digest.hexdigest()}"
    lines = [*_head(boundary, f"{ENVELOPE}; charset=UTF-8", "binary", cids[0]), package.envelope]
    for one in package.attachments:
        lines += [*_head(boundary, _media(one.media_type), "base64", one.cid), *_encoded(one.body)]
    lines += [f"--{boundary}--".encode(), b""]
    return (
        f'multipart/related; type="{ENVELOPE}"; start="<{cids[0]}>"; boundary="{boundary}"',
        b"\r\n".join(lines),
    )


def _head(boundary: str, media: str, encoding: str, cid: str) -> list[bytes]:
    head = (f"--{boundary}", f"Content-Type: {media}", f"Content-Transfer-Encoding: {encoding}", f"Content-ID: <{cid}>")
    return [*(line.encode("ascii") for line in head), b""]


def _media(media_type: str) -> str:
    if any(mark in media_type for mark in "\r\n"):
        raise ValueError("a media type has line ends in it")
    return f'{media_type}; smime-type="enveloped-data"' if media_type == "application/pkcs7-mime" else media_type


def _encoded(body: bytes) -> list[bytes]:
    text = base64.b64encode(body)
    return [text[at : at + 76] for at in range(0, len(text), 76)] or [b""]


def _bare(cid: str) -> str:
    return cid.strip().removeprefix("<").removesuffix(">").removeprefix("cid:")


def _problem(place: str, what: str) -> EbmsProblem:
    return EbmsProblem([EbmsError(Code.MIME_PROBLEM, place, what)])
