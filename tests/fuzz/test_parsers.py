"""Whatever bytes come, each reader answers with what it foresees, within a second and in bounded memory.

Short here, by hypothesis; `make fuzz` goes on for long, guided by coverage (atheris) in a process with little memory.
"""

import importlib.util
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from edge_readers import edge_read
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from long_runs import SECONDS
from own_files import own_files_read
from parsers import Target, files_read, formats_read
from transports import transports_read

HERE = Path(__file__).parent
GROUPS = {
    "messages": formats_read,
    "absence files": files_read,
    "edge": edge_read,
    "transports": transports_read,
    "files of ours": own_files_read,
}
CPU_SECONDS = 1.0
GROWTH = 400 * 1024
"""KiB that the process may grow by, over all the readers."""

PIECES = (
    b"",
    b"null",
    b"[]",
    b"{}",
    b'"',
    b"<a>",
    b"</",
    b"<![CDATA[",
    b"&#0;",
    b"\x00",
    b"\xff",
    b"9" * 400,
    b";",
    b"-",
)
KNOWN_BAD = {
    "nothing": b"",
    "a mark of another encoding": b"\xff\xfe",
    "zeros": bytes(100),
    "deep lists": b"[" * 10_000,
    "deep elements": b"<a>" * 10_000,
    "deep objects": b'{"a":' * 10_000,
    "a marked object": b"\xef\xbb\xbf{}",
    "billion laughs": b"<!DOCTYPE a [<!ENTITY a 'ha'>%s]><a>&z;</a>"
    % b"".join(b"<!ENTITY %c '%s'>" % (98 + i, (b"&%c;" % (97 + i)) * 10) for i in range(25)),
    "quadratic blow-up": b"<!DOCTYPE a [<!ENTITY a '%s'>]><a>%s</a>" % (b"x" * 50_000, b"&a;" * 5_000),
    "an external entity": b"<!DOCTYPE a [<!ENTITY a SYSTEM 'file:///etc/hostname'>]><a>&a;</a>",
    "an external DTD": b"<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/x.dtd'><a/>",
    "a parameter entity": b"<!DOCTYPE a [<!ENTITY % a SYSTEM 'http://127.0.0.1:9/x'>%a;]><a/>",
    "an include": b"<a xmlns:x='http://www.w3.org/2001/XInclude'><x:include href='/etc/hostname' parse='text'/></a>",
    "a style sheet": b"<?xml-stylesheet href='http://127.0.0.1:9/x.xsl'?><a/>",
    "a huge attribute": b"<a b='" + b"x" * 2_000_000 + b"'/>",
    "very many attributes": b"<a " + b" ".join(b"a%d='1'" % i for i in range(50_000)) + b"/>",
    "very many namespaces": b"<a " + b" ".join(b"xmlns:n%d='u%d'" % (i, i) for i in range(5_000)) + b"/>",
    "very many elements": b"<a>" + b"<b/>" * 20_000 + b"</a>",
    "a long number": b'{"a": ' + b"9" * 100_000 + b"}",
    "a number without end": b'{"a": 1e999999999}',
    "half a surrogate": b'{"a": "\\ud800"}',
    "a name twice": b'{"a": 1, "a": 2}',
    "very many rows": b"a;b;c\n" * 50_000,
    "one long row": b"a;" * 50_000,
    "an open quote": b'"' + b"x" * 500_000,
    "a zip that is none": b"PK\x03\x04" + bytes(200),
    "DER without end": b"\x30\x80" * 20_000,
    "DER longer than it is": b"\x30\x84\xff\xff\xff\xff",
}


@cache
def read(group: str) -> dict[str, Target]:
    """Give a group of readers; made when it is asked for, since it compiles every format."""
    return GROUPS[group]()


def tried(target: Target, raw: bytes) -> None:
    began = time.process_time()
    target(raw)
    assert time.process_time() - began < CPU_SECONDS


def damaged(seeds: tuple[bytes, ...]) -> st.SearchStrategy[bytes]:
    """Give real bytes with up to six places cut, doubled or overwritten, or bytes of no kind."""

    @st.composite
    def made(draw: st.DrawFn) -> bytes:
        raw = bytearray(draw(st.sampled_from(seeds)))
        for _ in range(draw(st.integers(1, 6))):
            at = draw(st.integers(0, max(0, len(raw) - 1)))
            cut = draw(st.integers(0, 40))
            doubled = bytes(raw[at : at + 60])
            raw[at : at + cut] = draw(st.one_of(st.binary(max_size=12), st.sampled_from([*PIECES, doubled * 2])))
        return bytes(raw)

    return st.one_of(made(), st.binary(max_size=300))


@contextmanager
def named(what: str) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        raise AssertionError(what) from error


@pytest.mark.parametrize("group", GROUPS)
def test_real_bytes_are_answered(group: str) -> None:
    for name, target in read(group).items():
        assert target.seeds, name
        for raw in target.seeds:
            with named(name):
                target.attempt(target.wrap(raw))


@pytest.mark.parametrize("group", GROUPS)
def test_known_bad_bytes_are_answered(group: str) -> None:
    for name, target in read(group).items():
        for what, raw in KNOWN_BAD.items():
            with named(f"{name}: {what}"):
                tried(target, raw)


def damage(target: Target) -> None:
    @settings(max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(raw=damaged(target.seeds))
    def each(raw: bytes) -> None:
        tried(target, raw)

    each()


@pytest.mark.parametrize("group", GROUPS)
def test_damaged_bytes_are_answered(group: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name, target in read(group).items():
        with named(name):
            damage(target)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < GROWTH


@pytest.mark.fuzz
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("group", GROUPS)
def test_readers_withstand_a_guided_search_in_a_process_with_little_memory(group: str, tmp_path: Path) -> None:
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris has no build for this Python; `make fuzz` needs Linux and CPython 3.11 to 3.13")
    command = [sys.executable, HERE / "search.py", group, str(SECONDS), tmp_path]
    ended = subprocess.run(command, capture_output=True, check=False, cwd=tmp_path)
    assert ended.returncode == 0, (ended.stdout or ended.stderr[-3000:]).decode("utf-8", "replace")
