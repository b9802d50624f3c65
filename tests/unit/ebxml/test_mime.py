import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.ebxml import pack, unpack
from gateway.core.ebxml import Attachment, EbmsProblem, Package

XML = b"<?xml version='1.0' encoding='UTF-8'?>\n<a>\xc3\xb8</a>"


@given(st.lists(st.binary(max_size=400), max_size=3))
@settings(max_examples=60, deadline=None)
def test_what_is_packed_comes_out_byte_for_byte(bodies):
    parts = tuple(Attachment(f"p{n}@example", "application/pkcs7-mime", body) for n, body in enumerate(bodies))
    package = Package(XML, parts)
    media, body = pack(package, "samspill.example")
    assert unpack(media, body) == package
    assert pack(package, "samspill.example") == (media, body)


def test_every_line_we_write_around_the_parts_ends_in_crlf():
    _media, body = pack(Package(b"<a/>", (Attachment("p@e", "application/xml", b"x" * 500),)), "e")
    assert b"\n" not in body.replace(b"\r\n", b"")
    assert all(len(line) <= 76 for line in body.split(b"\r\n") if set(line) == {ord("e")})


BINARY = bytes(range(256)) + b"\r\r\n\n\r"


def related(*parts, extra="", end="\r\n", boundary="=_b"):
    lines = b""
    for head, content in parts:
        lines += f"--{boundary}{end}".encode() + end.join(head).encode() + (end * 2).encode() + content + end.encode()
    return f'Multipart/Related; boundary="{boundary}"{extra}', lines + f"--{boundary}--{end}".encode()


def test_a_binary_part_a_bare_line_end_and_a_start_further_down_are_read():
    media, body = related(
        (
            ["Content-Type: application/octet-stream", "content-id: <one@x>", "Content-Transfer-Encoding: binary"],
            BINARY,
        ),
        (["Content-Type: text/xml", "Content-ID: <soap@x>"], b"<soap/>"),
        extra='; start="<soap@x>"; type="text/xml"',
    )
    assert unpack(media, body) == Package(b"<soap/>", (Attachment("one@x", "application/octet-stream", BINARY),))
    media, body = related((["Content-Type: text/xml"], b"<s/>"), (["Content-ID: <a>"], b"plain"), end="\n")
    assert unpack(media, body).attachments[0].body == b"plain"


def test_an_envelope_alone_is_taken_as_a_signal_is_sent():
    assert unpack("text/xml; charset=utf-8", b"<s/>\n") == Package(b"<s/>\n")


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/related", b"no boundary"),
        ('multipart/related; boundary="b"', b"--b\r\nContent-Type: text/xml\r\n\r\n<s/>\r\n"),
        related((["Content-Type: application/pdf"], b"x")),
        related((["Content-Type: text/xml"], b"<s/>"), ([], b"nameless")),
        related((["Content-Type: text/xml"], b"<s/>"), (["Content-ID: <a>"], b"1"), (["Content-ID: <a>"], b"2")),
        related((["Content-Type: text/xml"], b"<s/>"), extra='; start="<none@x>"'),
        related(
            (["Content-Type: text/xml"], b"<s/>"), (["Content-ID: <a>", "Content-Transfer-Encoding: rot13"], b"planted")
        ),
        related(
            (["Content-Type: text/xml"], b"<s/>"),
            (["Content-ID: <a>", "Content-Transfer-Encoding: base64"], b"@@planted@@"),
        ),
        related((["Content-Type: text/xml"], b"<s/>"), *[([f"Content-ID: <{n}>"], b"x") for n in range(25)]),
        ("multipart/related;\r\nX: y", b""),
    ],
)
def test_what_cannot_be_taken_apart_is_a_mime_problem_that_repeats_nothing(media, body):
    with pytest.raises(EbmsProblem) as caught:
        unpack(media, body)
    assert [one.code for one in caught.value.errors] == ["MimeProblem"]
    assert "planted" not in str(caught.value)


HOSTILE = {
    "a type of brackets": ("multipart/related; " + "(" * 900, b""),
    "a long type": ("multipart/related; " + '"' * 20_000, b""),
    "brackets in a part": related((["Content-Type: text/xml;" + "(" * 3_000], b"<s/>"), ([";" + "(" * 3_000], b"")),
    "a long header": related((["Content-Type: text/xml;" + '"' * 1_000_000], b"<s/>")),
    "very many headers": related((["a: b"] * 500_000, b"<s/>")),
    "very many parts": ("multipart/related; boundary=x", b"--x\r\n" * 500_000),
    "very many parts within": related((["Content-Type: multipart/mixed; boundary=y"], b"--y\r\n\r\n" * 500_000)),
    "very many lines": related((["Content-Type: text/plain"], b"\r" * 4_000_000)),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_mime_is_refused_within_a_second(what):
    began = time.process_time()
    with pytest.raises(EbmsProblem):
        unpack(*HOSTILE[what])
    assert time.process_time() - began < 1
