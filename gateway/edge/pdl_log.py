"""The Swedish log service, told of everything that care is shown, before it is (patientdatalagen 4 kap. 3 §).

RIV-TA informationsecurity:auditing:log 2 (StoreLog). Each entry has the id of the one in the disclosure log, which has
pseudonyms where the service is to have HSA-ids and numbers; so it is told while they are at hand, and they are kept
nowhere. The words for what was done, with what and why are those that Inera's own certificate services log with
(sklintyg, `ActivityType`, `ResourceType`, `ActivityPurpose`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from lxml import etree

from gateway.core.errors import Busy, ConfigurationError
from gateway.core.identifiers import Kind, is_valid
from gateway.edge.care_services import PERSON_ROOTS, Reader
from gateway.edge.riv_calls import Calls, done, secure
from gateway.model.intyg import CareUnit, Insured

LOG: Final = "urn:riv:informationsecurity:auditing:log:2"
STORE_LOG: Final = "urn:riv:informationsecurity:auditing:log:StoreLogResponder:2"
READS: Final = "Läsa"
TREATMENT: Final = "Vård och behandling"
CERTIFICATE: Final = "Intyg"
SWEDEN: Final = ZoneInfo("Europe/Stockholm")


@dataclass(frozen=True, slots=True)
class Told:
    """That a reader is about to be shown a certificate of a unit's: by the id of the entry in the disclosure log."""

    entry: str
    patient: Insured
    unit: CareUnit
    reader: Reader


class PdlLog:
    """Tells the service at a URL; `system` is the HSA-id of this gateway."""

    def __init__(self, calls: Calls, url: str, system: str) -> None:
        """Take the URL. Raises `ConfigurationError` for one that is not https, or a system without an HSA-id."""
        if not is_valid(system, Kind.HSA):
            raise ConfigurationError(["the log service needs SAMSPILL_SYSTEM_HSA_ID, the gateway's own HSA-id"])
        self._calls, self._url, self._system = calls, secure(url), system

    def tell(self, entries: Sequence[Told]) -> None:
        """Tell of all that is about to be shown. Raises `Busy` unless the service says that it is kept."""
        if not entries:
            return
        answer = self._calls.ask(self._url, store_log(entries, self._system, datetime.now(UTC)))
        if answer is None or done(answer, f"{{{STORE_LOG}}}StoreLogResponse", ".") is None:
            raise Busy("the log service does not say that it keeps what it was told", retry_after=60)


def store_log(entries: Sequence[Told], system: str, at: datetime) -> bytes:
    """Write the call; `at` has a zone, and is told in Swedish time without one."""
    call = etree.Element(f"{{{STORE_LOG}}}StoreLog", nsmap={"call": STORE_LOG, "log": LOG})
    when = at.astimezone(SWEDEN).replace(tzinfo=None, microsecond=0).isoformat()
    for one in entries:
        entry = etree.SubElement(call, f"{{{STORE_LOG}}}log")
        _put(entry, logId=str(UUID(one.entry)))
        _put(_sub(entry, "system"), systemId=system)
        _put(_sub(entry, "activity"), activityType=READS, startDate=when, purpose=TREATMENT)
        user = _sub(entry, "user")
        _put(user, userId=one.reader.employee)
        _where(user, one.reader.provider, one.reader.unit)
        resource = _sub(_sub(entry, "resources"), "resource")
        _put(resource, resourceType=CERTIFICATE)
        number = _sub(_sub(resource, "patient"), "patientId")
        _put(number, root=PERSON_ROOTS.get(one.patient.number_kind or "", ""), extension=one.patient.number or "")
        _where(resource, one.unit.provider_hsa or "", one.unit.hsa or "")
    return etree.tostring(call)


def _where(parent: Any, provider: str, unit: str) -> None:
    _put(_sub(parent, "careProvider"), careProviderId=provider)
    _put(_sub(parent, "careUnit"), careUnitId=unit)


def _sub(parent: Any, name: str) -> Any:
    return etree.SubElement(parent, f"{{{LOG}}}{name}")


def _put(parent: Any, **texts: str) -> None:
    for name, said in texts.items():
        _sub(parent, name).text = said
