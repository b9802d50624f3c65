"""Why a recipient said no: the reasons of its receipt, for who sent the message, as an OperationOutcome."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway.core.ports import Format
from gateway.edge.keys import Unreadable, Vault
from gateway.edge.store.database import Database
from gateway.edge.store.statements import REASONS_OF

Writes = Callable[..., tuple[Any, Any]]
"""The writing program of receipts in FHIR: `write(receipt)`."""


class Reasons:
    """Finds the receipts against messages, and says what stands in them."""

    def __init__(self, database: Database, vault: Vault, apprec: Format, write: Writes) -> None:
        self._database = database
        self._vault = vault
        self._apprec = apprec
        self._write = write

    def __call__(self, outgoing: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """Give, by outgoing message, what its newest receipt says against it; nothing of one that cannot be read."""
        told: dict[str, Mapping[str, Any]] = {}
        for row in self._database.rows(REASONS_OF, ids=[*outgoing]) if outgoing else ():
            outcome = self._outcome(row.id, row.body, row.wrapped)
            if outcome is not None:
                told[row.outbound] = outcome
        return told

    def _outcome(self, name: str, body: bytes | None, wrapped: bytes | None) -> Mapping[str, Any] | None:
        try:
            raw = self._vault.open("receipt", name, body, wrapped)
        except Unreadable:
            return None
        receipt = self._apprec.parse(raw).record if self._apprec.parse else None
        if receipt is None:
            return None
        resources = [entry["resource"] for entry in self._write(receipt)[0]["entry"]]
        return next((one for one in resources if one["resourceType"] == "OperationOutcome"), None)
