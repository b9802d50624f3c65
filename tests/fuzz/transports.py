"""The readers of what carries messages, as targets: ebMS, SOAP and services, time stamps, exports, proofs of keys."""

import asyncio
import base64
import importlib
import json
import secrets
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from edge_readers import AT, NOW, a_key
from joserfc import jwt
from joserfc.jwk import ECKey
from parsers import Target, examples

from adapters.ebxml import address_of, pack, read, read_agreement, unpack, write
from gateway.core import checkpoint
from gateway.core.checkpoint import BadCheckpoint, Verifier
from gateway.core.ebxml import (
    ACKNOWLEDGMENT,
    MESSAGE_ERROR,
    PAYLOAD,
    SIGNALS,
    Attachment,
    EbmsError,
    EbmsProblem,
    Header,
    Message,
    Package,
    PartyId,
)
from gateway.core.errors import NotAcceptable
from gateway.core.merkle import leaf_hash
from gateway.edge import care_services, soap
from gateway.edge.audit import export
from gateway.edge.audit.stamps import BadStamp, Stamps
from gateway.edge.identity import Unidentified, dpop
from gateway.edge.identity.replay import MemoryReplayStore, Nonces
from gateway.edge.seal import SealBroken
from gateway.edge.seal import soap as soap_seal
from gateway.edge.sick_leave_calls import asked
from gateway.sandbox import agreement
from gateway.sandbox.care_lists import CareReader
from gateway.sandbox.installation import EXAMPLES

HEADER = Header(
    sender=(PartyId("HER", "990001"), PartyId("ENH", "315000009")),
    receiver=(PartyId("HER", "990002"),),
    cpa="example:1",
    conversation="c-1",
    service="Sykmelding",
    action="Registrering",
    message_id="m-1@samspill.example",
    timestamp=NOW,
)
ANSWER = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>%s</s:Body></s:Envelope>'
DONE = "<c:result><c:resultCode>OK</c:resultCode></c:result>"
BLOCKS = (
    f'<r:CheckBlocksResponse xmlns:r="{care_services.CHECK_BLOCKS}" xmlns:c="{care_services.BLOCKING}">'
    f"<r:checkBlocksResult>{DONE}<c:checkResults><c:status>BLOCKED</c:status><c:rowNumber>1</c:rowNumber>"
    "</c:checkResults></r:checkBlocksResult></r:CheckBlocksResponse>"
)
CONSENT = (
    f'<r:CheckConsentResponse xmlns:r="{care_services.CHECK_CONSENT}" xmlns:c="{care_services.CONSENT}">'
    f"<r:checkResult>{DONE}<c:hasConsent>true</c:hasConsent></r:checkResult></r:CheckConsentResponse>"
)
READER = CareReader("SE2321000990-I1")
QUESTIONS = (READER.for_person("191212121212"), READER.for_unit(READER.unit, "191212121212", "10"))
REQUEST = dpop.Request("POST", "https://gateway.example/fhir")


def transports_read() -> dict[str, Target]:
    """Give the targets."""
    return {**_ebms(), **_soap(), **_log(), "proof of a key": _proof()}


def _ebms() -> dict[str, Target]:
    ours, note = a_key(), examples("nav-sykmelding")[0]
    signal = replace(HEADER, service=SIGNALS, action=ACKNOWLEDGMENT, ref_to="m-0@nav")
    error = replace(signal, action=MESSAGE_ERROR)
    envelopes = (
        write(Message(header=HEADER, ack_requested=True, sync_reply=True, references=("a@x",))),
        write(Message(header=signal, acknowledges="m-0@nav")),
        write(Message(header=error, errors=(EbmsError("ValueNotRecognized", "//CPAId"),))),
    )
    parts = {"a@x": note}
    media, packed = pack(Package(envelopes[0], (Attachment("a@x", PAYLOAD, note),)), "samspill.example")
    signed = soap_seal.sign(envelopes[0], parts, ours)
    verified = partial(soap_seal.verify, attachments=parts, allowed=[ours.certificate])
    with TemporaryDirectory() as folder:
        agreed = agreement.write(Path(folder) / "cpa.xml", EXAMPLES, "https://nav.example", "https://us.example")
        agreements = (agreed.read_bytes(),)
    return {
        "parts of a message": Target((packed,), partial(unpack, media), (EbmsProblem,)),
        "its media type": Target((media.encode(),), partial(_unpacked, packed), (EbmsProblem,)),
        "ebMS envelope": Target(envelopes, read, (EbmsProblem,)),
        "signed SOAP": Target((signed,), verified, (SealBroken,)),
        "agreement": Target(agreements, read_agreement, (NotAcceptable,)),
        "where a document goes": Target(examples("nav-dialogmelding"), address_of),
    }


def _unpacked(body: bytes, media: bytes) -> Package:
    return unpack(media.decode("latin-1"), body)


def _soap() -> dict[str, Target]:
    answered = tuple((ANSWER % one).encode() for one in (BLOCKS, CONSENT))
    return {
        "RIV-TA call": Target(examples("se-fk7804"), _called),
        "answer of a service": Target(answered, _answered),
        "question for a list": Target(QUESTIONS, partial(asked, party="clinic"), (NotAcceptable,)),
    }


def _called(raw: bytes) -> None:
    soap.header(raw, "{*}Reader")
    soap.action(raw)
    assert soap.answer(raw)


def _answered(raw: bytes) -> None:
    soap.failure(raw)
    assert len(care_services.blocks_in(raw, 2)) == 2
    care_services.consent_in(raw)


def _log() -> dict[str, Target]:
    key = checkpoint.signer(checkpoint.private_text("log.example", bytes(32)))
    salt, entry = bytes(32), b"{}"
    note = key.note(1, leaf_hash(salt + entry))
    one = {"index": 0, "salt": base64.b64encode(salt).decode(), "entry": entry.decode(), "proof": []}
    document = {"format": export.FORMAT, "checkpoint": note, "consistency": [], "entries": [one]}
    return {
        "export of the log": Target((json.dumps(document).encode(),), partial(_checked, key.verifier), FAULTS),
        "checkpoint": Target((note.encode(),), partial(_opened, key.verifier), FAULTS),
        "time stamp": _stamp(note),
    }


FAULTS = (NotAcceptable, BadCheckpoint, ValueError, RecursionError)


def _checked(key: Verifier, raw: bytes) -> object:
    return export.check(json.loads(raw), key)


def _opened(key: Verifier, raw: bytes) -> object:
    return key.opened(raw.decode("utf-8", "surrogateescape"))


def _stamp(note: str) -> Target:
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder  # noqa: PLC0415 - only where stamps are looked at

    sys.path.insert(0, str(Path(__file__).parents[1] / "integration/audit"))
    authority = importlib.import_module("authority")
    query = TimestampRequestBuilder().data(note.encode()).hash_algorithm(HashAlgorithm.SHA256).build()
    with TemporaryDirectory() as folder:
        root = authority.made(Path(folder) / "authority")
        stamped, stamps = authority.stamped(root.parent, query.as_bytes()), Stamps(root)
    stamps.opened(stamped, note)
    return Target((stamped,), partial(stamps.opened, note=note), (BadStamp,))


def _proof() -> Target:
    nonces = Nonces(bytes(32), lambda: AT)
    holder = ECKey.generate_key("P-256")
    claims = {
        "jti": secrets.token_hex(8),
        "htm": REQUEST.method,
        "htu": REQUEST.url,
        "iat": AT,
        "ath": dpop.digest("t"),
        "nonce": nonces.current(),
    }
    header = {"alg": "ES256", "typ": "dpop+jwt", "jwk": holder.as_dict(private=False)}
    proof = jwt.encode(header, claims, holder, ["ES256"], default_type=None).encode()

    def proved(raw: bytes) -> str:
        proofs = dpop.Proofs(nonces, MemoryReplayStore(lambda: AT))
        return asyncio.run(proofs.check(raw.decode("latin-1"), REQUEST, "t", AT))

    return Target((proof,), proved, (Unidentified,))
