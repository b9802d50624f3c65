"""Care that asks the gateway for lists of sick leaves, in the sandbox: by the contracts, and by no code of ours."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

import aiohttp

from gateway.sandbox.server import client_context

_DOMAIN: Final = "urn:riv:clinicalprocess:healthcond"
_TYPES: Final = f"{_DOMAIN}:certificate:types:2"
PERSON_LIST: Final = "ListSickLeavesForPerson"
UNIT_LIST: Final = "ListActiveSickLeavesForCareUnit"


@dataclass(frozen=True, slots=True)
class CareReader:
    """An employee who asks, by HSA-id, with unit and care provider; `treats` is what the system says of them."""

    unit: str
    employee: str = "SE2321000990-E1"
    provider: str = "SE2321000990-V1"
    treats: str = "true"

    def for_person(self, number: str) -> bytes:
        """Write a call for all of a person's sick leaves."""
        return self._call(PERSON_LIST, _id("person-id", "1.2.752.129.2.1.3.1", number))

    def for_unit(self, unit: str, number: str = "", ended: str = "") -> bytes:
        """Write a call for the sick leaves of a unit that go on, or ended at most so many days ago."""
        asked = _id("enhets-id", "1.2.752.129.2.1.4.1", unit)
        asked += _id("person-id", "1.2.752.129.2.1.3.1", number) if number else ""
        asked += f"<l:max-dagar-sedan-avslut>{ended}</l:max-dagar-sedan-avslut>" if ended else ""
        return self._call(UNIT_LIST, asked)

    def _call(self, contract: str, asked: str) -> bytes:
        told = {"employee-id": self.employee, "care-unit-id": self.unit, "care-provider-id": self.provider}
        who = "".join(f"<s:{name}>{value}</s:{name}>" for name, value in {**told, "treats": self.treats}.items())
        return (
            '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header>'
            '<r:LogicalAddress xmlns:r="urn:riv:itintegration:registry:1">SE2321000990-SYS1</r:LogicalAddress>'
            f'<s:Reader xmlns:s="urn:samspill:riv-ta:1">{who}</s:Reader></e:Header><e:Body>'
            f'<l:{contract} xmlns:l="{_DOMAIN}:rehabilitation:{contract}Responder:1" xmlns:t="{_TYPES}">{asked}'
            f"</l:{contract}></e:Body></e:Envelope>"
        ).encode()


def _id(name: str, root: str, extension: str) -> str:
    return f"<l:{name}><t:root>{root}</t:root><t:extension>{extension}</t:extension></l:{name}>"


async def ask(certificates: Path, base: str, call: bytes, actor: str = "ehr") -> tuple[int, str]:
    """Ask the gateway at `base` with the certificate of an actor; gives the status and the answer."""
    connector = aiohttp.TCPConnector(ssl=client_context(certificates, actor))
    url, headers = urljoin(base, "/riv-ta/sick-leaves"), {"Content-Type": "text/xml"}
    async with (
        aiohttp.ClientSession(connector=connector, trust_env=False) as session,
        session.post(url, data=call, headers=headers) as response,
    ):
        return response.status, (await response.read()).decode()
