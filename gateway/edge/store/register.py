"""The consent register: FHIR Consent resources, sealed, every version kept."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from gateway.edge.audit.append import fresh_id
from gateway.edge.keys import Destroyed, Vault
from gateway.edge.store import statements
from gateway.edge.store.consents import RECORD, consent
from gateway.edge.store.database import Database
from gateway.edge.store.rows import Consent, ConsentIn, Recorded

SETTLING: Final = 0.02


@dataclass(frozen=True, slots=True)
class ConsentVersion:
    """One version of a Consent: which party recorded it, when (epoch seconds), its FHIR status, and the resource."""

    version: int
    party: str
    status: str
    recorded_at: float
    resource: bytes


class ConsentRegister:
    """Keeps consents. A change takes effect on every message that is still here."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database, self._vault = database, vault

    async def put(self, consent_id: str, resource: bytes, patient: str, status: str, actor: str) -> Recorded:
        """Store a new version; once this returns, no message leaves on what was permitted before.

        `patient` is the same material that the line admits messages with. Queued messages of the patient are decided
        anew. An attempt that began before is waited for, for as long as it holds its lease. Raises `Busy`.
        """
        who, record = self.pseudonym(patient), fresh_id()
        item = ConsentIn(
            id=self._vault.mac("consent", consent_id),
            record=record,
            patient=who,
            status=status,
            actor=actor,
            payload=self._vault.seal("consent", record, resource),
        )
        recorded = await self._database.write(RECORD, item)
        while await asyncio.to_thread(self._leaving, who):  # noqa: ASYNC110 - another node may be sending it
            await asyncio.sleep(SETTLING)
        return recorded

    def get(self, consent_id: str) -> ConsentVersion | None:
        """Give the newest version of a consent."""
        versions = self.history(consent_id)
        return versions[-1] if versions else None

    def history(self, consent_id: str) -> list[ConsentVersion]:
        """Give every version of a consent, oldest first; without those that were erased."""
        rows = self._database.rows(statements.CONSENT_HISTORY, id=self._vault.mac("consent", consent_id))
        return self._open([consent(row) for row in rows])

    def for_patient(self, patient: str) -> list[ConsentVersion]:
        """Give the newest version of each consent of a patient, who is named by their `pseudonym`."""
        return self.of_patients([patient]).get(patient, [])

    def of_patients(self, patients: Collection[str]) -> Mapping[str, list[ConsentVersion]]:
        """Give the newest version of each consent of several patients, by pseudonym. Raises `Busy`."""
        found = self._database.rows(statements.CONSENTS_OF, patients=sorted(patients))
        newest: dict[str, dict[str, Consent]] = defaultdict(dict)
        for row in found:
            newest[row.patient][row.id] = consent(row)
        return {who: self._open(list(versions.values())) for who, versions in newest.items()}

    def pseudonym(self, patient: str) -> str:
        """Give the pseudonym that a patient's messages and consents are stored under."""
        return self._vault.mac("patient", patient)

    def _leaving(self, who: str) -> bool:
        [(leaving,)] = self._database.rows_now(statements.LEAVING_FOR, who=who)
        return bool(leaving)

    def _open(self, rows: list[Consent]) -> list[ConsentVersion]:
        versions = []
        for row in rows:
            try:
                resource = self._vault.open("consent", row.record, row.body, row.wrapped)
            except Destroyed:
                continue
            versions.append(ConsentVersion(row.version, row.party, row.status, row.recorded_at, resource))
        return versions
