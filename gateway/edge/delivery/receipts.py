"""Makes an application receipt ready to be stored."""

import re
from typing import Final

from gateway.edge.audit.append import fresh_id
from gateway.edge.delivery.ports import ReceiptSeen
from gateway.edge.keys import Vault
from gateway.edge.store.rows import ReceiptIn

CODE: Final = re.compile(r"[A-Z]{0,3}[0-9]{0,4}")
NOT_A_CODE: Final = "unreadable-code"


def receipt_in(vault: Vault, party: str, body: bytes, seen: ReceiptSeen) -> ReceiptIn:
    """Seal a receipt. What stands where a code belongs, and is not one, is kept in the sealed body alone."""
    name = fresh_id()
    return ReceiptIn(
        id=name,
        party=party,
        correlation=correlation(vault, party, seen.original_id),
        content_mac=vault.mac("receipt", party, body),
        positive=seen.ok,
        codes=tuple(code if CODE.fullmatch(code) else NOT_A_CODE for code in seen.errors),
        payload=vault.seal("receipt", name, body),
    )


def correlation(vault: Vault, party: str, business_id: str) -> str:
    """Give the pseudonym under which a receipt finds the message it answers: by its id, and by whom it went to."""
    return vault.mac("correlation", party, business_id)
