"""SOAP with attachments: multipart/related, its first part (or the one that `start` names) the envelope (RFC 2387).

What a peer attached is given as the bytes that were attached, whatever their charset and line ends.
"""

import base64
import quopri
import re
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from hashlib import sha256
from itertools import islice, pairwise
from typing import Final

from gateway.core.ebxml import Attachment, Code, EbmsError, EbmsProblem, Package

MOST_PARTS: Final = 20
LONGEST_TYPE: Final = 1000
LONGEST_HEAD: Final = 4000
"""Characters of a media type, and bytes of the header of a part."""

ENVELOPE: Final = "text/xml"
_TAKEN: Final = frozenset({ENVELOPE, "application/xml", "application/soap+xml"})
_AS_IT_IS: Final = frozenset({"", "7bit", "8bit", "binary"})
_WORD = re.compile(r"[A-Za-z0-9.@_\-]+\Z")
_BLANK = re.compile(rb"(?:\A|\n)\r?\n")
# Of the standard library's readers of header fields, this is the one whose work does not grow with a power of them.
_PARSER = BytesParser(Message, policy=compat32)


def unpack(content_type: str, body: bytes) -> Package:
    """Take a message apart. A body that is no multipart is an envelope alone, as signals are.

    Raises `EbmsProblem` (MimeProblem).
    """
    if any(mark in content_type for mark in "\r\n\0") or len(content_type) > LONGEST_TYPE:
        raise _problem("Content-Type", "the media type has line ends in it, or is longer than is read here")
    message = _PARSER.parsebytes(b"Content-Type: " + content_type.encode("utf-8", "replace"), headersonly=True)
    if message.get_content_type() in _TAKEN:
        return Package(body)
    if message.get_content_type() != "multipart/related":
        raise _problem("Content-Type", "the media type is neither multipart/related nor text/xml")
    parts = [_part(piece, number) for number, piece in enumerate(_pieces(message.get_boundary() or "", body), 1)]
    return _package(parts, _bare(str(message.get_param("start", ""))))


def _pieces(boundary: str, body: bytes) -> list[bytes]:
    """Give what stands between the delimiters (RFC 2046 § 5.1.1), which belong to the line ends before them."""
    line = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary.encode("utf-8", "replace")) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
    found = list(islice(line.finditer(body), MOST_PARTS + 2)) if boundary else []
    end = next((number for number, one in enumerate(found) if one[1]), 0)
    if not end and len(found) > MOST_PARTS + 1:
        raise _problem("parts", f"there are more than {MOST_PARTS} parts")
    if not end:
        raise _problem("Content-Type", "the message does not end where its boundary says, or has no boundary")
    return [body[one.end() : next_.start()] for one, next_ in pairwise(found[: end + 1])]


def _package(read: list[Attachment], start: str) -> Package:
    root = next((one for one in read if one.cid == start), None) if start else read[0]
    if root is None or root.media_type not in _TAKEN:
        raise _problem("start", "the first part, or the one named as start, is not XML")
    rest = tuple(one for one in read if one is not root)
    if len({one.cid for one in rest}) != len(rest) or not all(one.cid for one in rest):
        raise _problem("parts", "an attachment has no Content-ID, or that of another")
    return Package(root.body, rest)


def _part(piece: bytes, number: int) -> Attachment:
    place = f"part {number}"
    piece = piece[piece.find(b"\n") + 1 :]
    blank = _BLANK.search(piece[:LONGEST_HEAD])
    if blank is None:
        raise _problem(place, "the part has no header that ends in an empty line, or a longer one than is read here")
    head = _PARSER.parsebytes(piece[: blank.end()], headersonly=True)
    if head.get_content_maintype() == "multipart":
        raise _problem(place, "the part has parts of its own")
    body = _decoded(piece[blank.end() :], str(head.get("Content-Transfer-Encoding", "")).strip().lower(), place)
    return Attachment(_bare(str(head.get("Content-ID", ""))), head.get_content_type(), body)


def _decoded(body: bytes, encoding: str, place: str) -> bytes:
    if encoding in _AS_IT_IS:
        return body
    if encoding == "quoted-printable":
        return quopri.decodestring(body)
    if encoding != "base64":
        raise _problem(place, "the transfer encoding is not known here")
    try:
        return base64.b64decode(b"".join(body.split()), validate=True)
    except ValueError:
        raise _problem(place, "the part cannot be decoded as its transfer encoding says") from None


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
