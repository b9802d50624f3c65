"""A small line for the tests of durability: real store, real worker, and rules that fit on one screen.

A message is JSON: id, case, patient, diagnosis, and the parties it goes to. A party whose name begins with `employer`
gets it only while the patient has an active consent, and never the diagnosis. One that is `broken` is a fault of ours.
"""

import base64
import json
import os
from dataclasses import dataclass
from pathlib import Path

from gateway.core.audit import Disclosure
from gateway.core.errors import Issue, NotAcceptable, Refused
from gateway.core.message import Parsed
from gateway.edge.delivery.ports import Admitted, ReceiptSeen, Sealed
from gateway.edge.keys import Keyring, Vault
from gateway.edge.store.register import ConsentRegister
from gateway.edge.store.rows import Destination

KEYS = Keyring({"kek-1": b"k" * 32}, "kek-1", b"p" * 32)


def destination(party):
    return Destination(party, party.split("-", maxsplit=1)[0], "json", "benefit")


def message(number, *parties, case=None, patient=None, **more):
    body = {
        "id": f"msg-{number}",
        "case": case or f"case-{number}",
        "patient": patient or f"patient-{number}",
        "diagnosis": "Plumbumpoisoning",
        "to": parties or ("nav",),
    }
    return json.dumps(body | more).encode()


class PlainLine:
    policy = "rules-1"

    def admit(self, raw, format_id, sender):  # noqa: ARG002
        try:
            seen = json.loads(raw)
        except ValueError:
            raise NotAcceptable([Issue("structure", "", "not JSON")]) from None
        return Admitted(seen["id"], seen["case"], seen["patient"], tuple(map(destination, seen["to"])))

    def again(self, raw, format_id):  # noqa: ARG002
        return Parsed(json.loads(raw))

    def process(self, parsed, destination, facts):
        seen = parsed.record
        if seen.get("kill-while-deciding"):
            os._exit(9)
        if seen.get("broken"):
            raise ZeroDivisionError
        if seen.get("unwritable"):
            raise NotAcceptable([Issue("required", "patient", "not there")])
        if destination.recipient == "employer" and "active" not in facts:
            raise Refused("no consent", ["no-consent"])
        body = {"id": seen["id"], "case": seen["case"], "patient": seen["patient"], "party": destination.party}
        return Sealed(
            json.dumps(body).encode(),
            "application/json",
            f"{seen['id']}-to-{destination.party}",
            Disclosure(policy=self.policy, permitted=("rule",), withheld=("diagnosis",)),
            seen.get("valid_until"),
        )

    def open(self, party, raw):  # noqa: ARG002
        return raw

    def read_receipt(self, body):
        try:
            seen = json.loads(body)
        except ValueError:
            return None
        if not isinstance(seen, dict) or "receipt_for" not in seen:
            return None
        return ReceiptSeen(seen["receipt_for"], seen["ok"], tuple(seen.get("errors", ())))


def receipt_for(business_id, *errors):
    return json.dumps({"receipt_for": business_id, "ok": not errors, "errors": errors}).encode()


@dataclass(frozen=True)
class PlainGather:
    """Gathers the statuses of a patient's consents."""

    register: ConsentRegister

    def __call__(self, inbound, destination, record):  # noqa: ARG002
        return [version.status for version in self.register.for_patient(inbound.patient)]

    def ahead(self, messages):  # noqa: ARG002
        return self


def vault() -> Vault:
    return Vault(KEYS)


def write_keys(path: Path) -> Path:
    lines = [f"pseudonym {base64.b64encode(KEYS.pseudonym).decode()}"]
    lines += [f"kek {name} {base64.b64encode(key).decode()}" for name, key in KEYS.wrapping.items()]
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o600)
    return path
