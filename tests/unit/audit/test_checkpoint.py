import base64

import pytest

from gateway.core.audit import AuditAction, AuditEntry, Disclosure, Outcome, entry_of
from gateway.core.checkpoint import BadCheckpoint, Checkpoint, private_text, signer, verifier

# golang.org/x/mod, sumdb/note/example_test.go: the key and the note of the package's documentation
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PETER_NOTE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
)
PETER_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"

ROOT = bytes(range(32))
SIGNER = signer(private_text("example.org/log", b"\x07" * 32))


def test_keys_are_read_as_go_writes_them():
    assert str(verifier(PETER)) == PETER
    assert str(signer(PETER_PRIVATE).verifier) == PETER


def test_a_signature_is_the_one_that_go_makes():
    peter = signer(PETER_PRIVATE)
    encoded = base64.b64encode(peter.verifier.hint + peter.sign(PETER_TEXT.encode())).decode()
    assert f"— PeterNeumann {encoded}" == PETER_NOTE


def test_a_note_has_the_form_of_c2sp_and_opens_with_its_key():
    note = SIGNER.note(5, ROOT)
    origin, size, root, blank, signature, end = note.split("\n")
    assert (origin, size, base64.b64decode(root), blank, end) == ("example.org/log", "5", ROOT, "", "")
    assert signature.startswith("\N{EM DASH} example.org/log ")
    assert SIGNER.verifier.opened(note) == Checkpoint("example.org/log", 5, ROOT)


def test_a_witness_may_sign_beside_the_log():
    note = SIGNER.note(5, ROOT) + PETER_NOTE + "\n"
    assert SIGNER.verifier.opened(note).size == 5


@pytest.mark.parametrize(
    "change",
    [
        lambda note: note.replace("\n5\n", "\n6\n"),
        lambda note: note.replace("example.org/log\n5", "example.org/other\n5"),
        lambda note: note.replace("\n5\n", "\n05\n"),
        lambda note: note.replace("\n5\n", "\n-5\n"),
        lambda note: note.partition("\n\n")[0],
        lambda note: note.partition("\n\n")[0] + "\n\n" + PETER_NOTE,
        lambda note: note[:-6] + "AAA=\n",
        lambda note: note.replace("\n5\n", "\n5\nx\n"),
        lambda _: "",
        lambda _: "\n\n\n",
    ],
)
def test_a_note_that_was_changed_does_not_open(change):
    with pytest.raises(BadCheckpoint):
        SIGNER.verifier.opened(change(SIGNER.note(5, ROOT)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000+AAAA",
        PETER.replace("c74f20a3", "c74f20a4"),
        PETER.replace("Peter", "Pete+r"),
        "a+b+c",
    ],
)
def test_what_is_no_public_key_is_not_read(text):
    with pytest.raises(BadCheckpoint):
        verifier(text)


@pytest.mark.parametrize("text", ["", PETER, PETER_PRIVATE[:-4], PETER_PRIVATE.replace("c74f20a3", "00000000")])
def test_what_is_no_private_key_is_not_read_and_not_repeated(text):
    with pytest.raises(BadCheckpoint) as told:
        signer(text)
    assert "AYEKFALV" not in str(told.value)


ENTRY = AuditEntry(
    id="1",
    recorded_at=1.5,
    action=AuditAction.DECIDED,
    outcome=Outcome.DENIED,
    actor="ehr",
    disclosure=Disclosure(policy="p", forbade=("a", "b")),
)


def test_the_bytes_of_an_entry_are_the_ones_they_always_were():
    assert ENTRY.canonical() == (
        b'{"action":"decided","actor":"ehr","disclosure":{"forbade":["a","b"],"policy":"p"},"id":"1",'
        b'"outcome":"denied","recorded_at":1.5}'
    )


def test_an_entry_is_read_from_its_bytes():
    assert entry_of(ENTRY.canonical()) == ENTRY


@pytest.mark.parametrize(
    "raw",
    [b"", b"{}", b"[]", b"1", ENTRY.canonical() + b" ", ENTRY.canonical().replace(b"decided", b"dreamt"),
     ENTRY.canonical().replace(b'"actor":"ehr"', b'"actor":""'), ENTRY.canonical().replace(b'"id"', b'"who"'),
     ENTRY.canonical().replace(b'{"forbade":["a","b"],"policy":"p"}', b"[1]"), b"\xff"],
)  # fmt: skip
def test_bytes_that_are_no_entry_are_not_read(raw):
    with pytest.raises(ValueError):  # noqa: PT011 - JSON's own error is one
        entry_of(raw)
