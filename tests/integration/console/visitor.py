"""Somebody at the console without a browser: an HTTP client that logs in as the demo's people do."""

import re
from urllib.parse import parse_qsl, urlsplit

import httpx


class Visitor:
    """A logged-in client; `token` is what its forms must hold."""

    def __init__(self, console: str, subject: str = "", provider: str = "staff") -> None:
        self.client = httpx.Client(base_url=console, verify=False, trust_env=False, timeout=30.0)  # noqa: S501 - the demo's
        self.token = ""
        if subject:
            self._log_in(subject, provider)

    def _log_in(self, subject: str, provider: str) -> None:
        away = self.client.get(f"/login/{provider}").headers["location"]
        asked = dict(parse_qsl(urlsplit(away).query))
        issuer = away.partition("?")[0]
        back = self.client.post(issuer, data={**asked, "subject": subject}).headers["location"]
        home = self.client.get(back)
        assert home.status_code == 303, home.text
        self.token = self.tokens(self.client.get(home.headers["location"]).text)

    @staticmethod
    def tokens(page: str) -> str:
        """Give the token of a page's forms."""
        found = re.search(r'name="csrf" value="([^"]+)"', page)
        return found[1] if found else ""

    def get(self, path: str) -> httpx.Response:
        """Ask for a page."""
        return self.client.get(path)

    def post(self, path: str, token: str | None = None, **form: str) -> httpx.Response:
        """Send a form."""
        return self.client.post(path, data={"csrf": self.token if token is None else token, **form})
