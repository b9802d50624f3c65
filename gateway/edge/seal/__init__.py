"""What is signed and sealed on its way out, and opened and verified on its way in.

`xmldsig` signs and verifies messages as NAV does, `cms` seals and signs bytes, `payload` does both in NAV's order,
`helseid` reads the signer's token that stands in for a signature, `keys` holds our own keys behind a port.
Everything here raises when something does not hold; nothing answers with a boolean.
"""

from gateway.core.errors import Issue, NotAcceptable

WHAT = "the message could not be opened, or its signature does not hold"
MEND = "sign with the key the gateway has for you, seal for the gateway's current certificate, and send again"


class SealBroken(NotAcceptable):
    """A signature or an envelope did not hold.

    The peer is told the same sentence whatever went wrong, since a peer that can tell a bad padding from a bad
    signature can decrypt by asking (padding oracle; RFC 3218, RFC 5652 § 14). `reason` says for our own log what
    it was; it never holds a value.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__([Issue("security", "", WHAT, MEND)])
