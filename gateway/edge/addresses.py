"""Whose address is graded (folkeregisterloven § 10-1), as the register that an installation names says."""

from collections.abc import Collection, Mapping
from typing import Final, Protocol

import httpx
import structlog

from gateway.core.errors import ConfigurationError

GRADINGS: Final = frozenset({"none", "fortrolig", "strengt-fortrolig"})

log = structlog.get_logger(__name__)


class AddressRegister(Protocol):
    """Knows whether persons' addresses are graded."""

    def gradings(self, numbers: Collection[str]) -> Mapping[str, str]:
        """Give `none`, `fortrolig` or `strengt-fortrolig` by number; whoever cannot be told of is not among them."""


class HttpAddressRegister:
    """Asks a register over HTTPS: the numbers go in the body, so that no log of addresses ever holds one.

    `POST {"numbers": ["…", …]}` is answered with `{"gradings": {"…": "none", …}}`.
    """

    def __init__(self, client: httpx.Client, url: str) -> None:
        if not url.startswith("https://"):
            raise ConfigurationError(["the register of graded addresses is to be asked over https"])
        self._client = client
        self._url = url

    def gradings(self, numbers: Collection[str]) -> Mapping[str, str]:
        """Ask once about all; anything but a clear answer is none. One that it cannot answer for spoils no other's."""
        asked = sorted(set(numbers))
        try:
            answer = self._client.post(self._url, json={"numbers": asked})
            answer.raise_for_status()
            said = answer.json()["gradings"]
            return {one: said[one] for one in asked if said.get(one) in GRADINGS}
        except httpx.HTTPStatusError as error:
            if len(asked) > 1:
                return {number: grading for one in asked for number, grading in self.gradings([one]).items()}
            _away(error)
        except (httpx.HTTPError, ValueError, AttributeError, KeyError, TypeError) as error:
            _away(error)
        return {}


def _away(error: Exception) -> None:
    log.warning("address-register-away", error=type(error).__name__)
