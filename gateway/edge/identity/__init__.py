"""Who is calling, how we know, and what they may ask for.

`parties` is the registry of who may send what for whom, `tokens` the one place where a JWT is checked, `dpop` and
`mtls` tie a token to its holder, `identify` turns a request into a `Caller`, `access` says which caller may use which
route, `limits` how much, `faults` what must not run outside the demo, and `issuer` issues tokens for the demo alone.
"""

from gateway.core.errors import SamspillError


class Unidentified(SamspillError):
    """The request does not prove who sent it (HTTP 401).

    `error` is the OAuth error code (RFC 6750 § 3.1, RFC 9449 § 7.1 and 9), `why` a sentence for the caller's developer;
    neither repeats anything of the token. `nonce`, when there is one, is what the next DPoP proof must hold.
    """

    def __init__(self, why: str, error: str = "invalid_token", nonce: str = "") -> None:
        self.why = why
        self.error = error
        self.nonce = nonce
        super().__init__(why)

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Give the response headers that tell the caller how to prove it."""
        scheme = "DPoP" if self.nonce or self.error == "invalid_dpop_proof" else "Bearer"
        detail = f' error="{self.error}", error_description="{self.why}"' if self.error else ""
        challenge = ("WWW-Authenticate", scheme + detail)
        return (challenge, ("DPoP-Nonce", self.nonce)) if self.nonce else (challenge,)
