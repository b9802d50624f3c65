"""Calls that the gateway makes of RIV-TA services and waits for, with its own certificate, over https alone.

What is about a person stands in the body, so that no log of addresses ever holds it.
"""

from typing import Any

import httpx
import structlog

from gateway.core.errors import ConfigurationError
from gateway.edge import soap

log = structlog.get_logger(__name__)


class Calls:
    """Calls services at one logical address (an HSA-id)."""

    def __init__(self, client: httpx.Client, address: str) -> None:
        """Take the client. Raises `ConfigurationError` when there is no address."""
        if not address:
            raise ConfigurationError(["services of care cannot be called without SAMSPILL_CARE_SERVICES_ADDRESS"])
        self._client, self._address = client, address

    def ask(self, url: str, call: bytes) -> bytes | None:
        """Call the service at a URL; give its answer, or nothing for none."""
        sent = soap.close(call, self._address)
        headers = {"Content-Type": f"{soap.MEDIA_TYPE}; charset=utf-8", "SOAPAction": f'"{soap.action(sent)}"'}
        try:
            answer = self._client.post(url, content=sent, headers=headers)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            log.warning("care-service-away", call=soap.action(sent), error=type(error).__name__)
            return None
        return answer.content

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()


def secure(url: str) -> str:
    """Give a URL back. Raises `ConfigurationError` for one that is neither empty nor https."""
    if url and not url.startswith("https://"):
        raise ConfigurationError(["services of care are to be called over https"])
    return url


def done(answer: bytes, name: str, at: str) -> Any:
    """Give the element with the result in an answer of a name (`{namespace}name`); nothing unless all was done."""
    content = soap.content(answer)
    found = content.findall(at) if content is not None and content.tag == name else []
    if len(found) != 1 or text(found[0], "result/{*}resultCode") not in (soap.OK, soap.INFO):
        return None
    return found[0]


def text(element: Any, name: str) -> str:
    """Give the text of the one element of a name, whatever its namespace; nothing when there are several."""
    found = element.findall(f"{{*}}{name}")
    return (found[0].text or "").strip() if len(found) == 1 else ""
