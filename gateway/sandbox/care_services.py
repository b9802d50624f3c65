"""The Swedish services for blocks, consents and logs in the sandbox: by their contracts, and by no code of ours."""

from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from aiohttp import web

from gateway.sandbox.server import End, receive

_AUTHORIZATION: Final = "urn:riv:informationsecurity:authorization"
_SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
_BLOCKS: Final = f"{{{_AUTHORIZATION}:blocking:CheckBlocksResponder:4}}CheckBlocks"
_BLOCKED: Final = (
    f'<r:CheckBlocksResponse xmlns:r="{_AUTHORIZATION}:blocking:CheckBlocksResponder:4" '
    f'xmlns="{_AUTHORIZATION}:blocking:4"><r:checkBlocksResult><result><resultCode>OK</resultCode></result>'
    "%s</r:checkBlocksResult></r:CheckBlocksResponse>"
)
_ROW: Final = "<checkResults><status>%s</status><rowNumber>%s</rowNumber></checkResults>"
_CONSENTED: Final = (
    f'<r:CheckConsentResponse xmlns:r="{_AUTHORIZATION}:consent:CheckConsentResponder:2" '
    f'xmlns="{_AUTHORIZATION}:consent:2"><r:checkResult><result><resultCode>OK</resultCode></result>'
    "%s</r:checkResult></r:CheckConsentResponse>"
)
_STORE: Final = "{urn:riv:informationsecurity:auditing:log:StoreLogResponder:2}StoreLog"
_STORED: Final = (
    '<r:StoreLogResponse xmlns:r="urn:riv:informationsecurity:auditing:log:StoreLogResponder:2" '
    'xmlns="urn:riv:informationsecurity:auditing:log:2"><r:result><resultCode>%s</resultCode></r:result>'
    "</r:StoreLogResponse>"
)
_FAULT: Final = "<s:Fault><faultcode>s:Server</faultcode><faultstring>away</faultstring></s:Fault>"


class SandboxCareServices(End):
    """Answers CheckBlocks, CheckConsent and StoreLog at `url` over mutual TLS, by the numbers of patients.

    `blocked` are the numbers of patients with a block, `consents` the kind of assertion (Consent or Emergency) that a
    patient has given; while `away` every call gets a fault. `kept` are the entries of the log, unless it is `full`.
    """

    def __init__(self, certificates: Path) -> None:
        """Take the folder of certificates; it is known by the certificate of the actor `nav`."""
        super().__init__(certificates, "nav", "/sakerhetstjanster")
        self.blocked: set[str] = set()
        self.consents: dict[str, str] = {}
        self.kept: list[ET.Element] = []
        self.full = False
        self.away = False

    async def _take(self, request: web.Request) -> web.Response:
        message = await receive(request, lambda _body: ())
        self.received.append(message)
        call = ET.fromstring(message.body).find(f"{{{_SOAP}}}Body/*")  # noqa: S314 - only the gateway calls
        body = _FAULT if self.away or call is None else self._answer(call)
        whole = f'<s:Envelope xmlns:s="{_SOAP}"><s:Body>{body}</s:Body></s:Envelope>'
        return web.Response(text=whole, status=500 if body == _FAULT else 200, content_type="text/xml")

    def _answer(self, call: ET.Element) -> str:
        if call.tag == _STORE:
            self.kept += [] if self.full else call.findall("{*}log")
            return _STORED % ("ERROR" if self.full else "OK")
        number = call.findtext("{*}patientId/{*}extension") or ""
        if call.tag == _BLOCKS:
            status = "BLOCKED" if number in self.blocked else "OK"
            rows = (row.findtext("{*}rowNumber") for row in call.findall("{*}informationEntities"))
            return _BLOCKED % "".join(_ROW % (status, row) for row in rows)
        kind = self.consents.get(number)
        told = f"<hasConsent>true</hasConsent><assertionType>{kind}</assertionType>" if kind else ""
        return _CONSENTED % (told or "<hasConsent>false</hasConsent>")
