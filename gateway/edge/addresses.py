"""Whose address is graded (folkeregisterloven § 10-1), as the register that an installation names says."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Protocol

import httpx
import structlog

from gateway.core.errors import ConfigurationError

GRADINGS: Final = frozenset({"none", "fortrolig", "strengt-fortrolig"})
AWAY: Final = "away"
"""What stands in the place of a grading where the register could not be asked, and may be later."""

BUSY: Final = 429
FAILED: Final = 500

log = structlog.get_logger(__name__)


class AddressRegister(Protocol):
    """Knows whether persons' addresses are graded."""

    def gradings(self, numbers: Collection[str]) -> Mapping[str, str]:
        """Give `none`, `fortrolig`, `strengt-fortrolig` or `AWAY` by number; nothing where it cannot tell."""


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
        """Ask once about all, and, where it has no answer for them together, about each until it is away."""
        asked = sorted(set(numbers))
        try:
            answer = self._client.post(self._url, json={"numbers": asked})
            answer.raise_for_status()
            said = answer.json()["gradings"]
            return {one: said[one] for one in asked if said.get(one) in GRADINGS}
        except httpx.HTTPStatusError as error:
            if len(asked) > 1:
                return self._each(asked)
            status = error.response.status_code
            return self._away(error, asked if status == BUSY or status >= FAILED else [])
        except httpx.TransportError as error:
            return self._away(error, asked)
        except (httpx.HTTPError, ValueError, AttributeError, KeyError, TypeError) as error:
            return self._away(error, [])

    def _each(self, asked: Sequence[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for place, one in enumerate(asked):
            found |= self.gradings([one])
            if found.get(one) == AWAY:
                return found | dict.fromkeys(asked[place:], AWAY)
        return found

    @staticmethod
    def _away(error: Exception, asked: Sequence[str]) -> dict[str, str]:
        log.warning("address-register-away", error=type(error).__name__)
        return dict.fromkeys(asked, AWAY)
