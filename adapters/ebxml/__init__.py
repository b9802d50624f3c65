"""ebMS 2.0 messages and CPA 2.0 agreements: bytes to values and back.

Sources: OASIS ebXML Message Service Specification 2.0, Collaboration-Protocol Profile and Agreement 2.0, RFC 2387
(multipart/related), and NAV's services as its agreements name them. Reads tolerantly and writes strictly; no error
repeats a value of a message.
"""

from adapters.ebxml.cpa import read_agreement
from adapters.ebxml.envelope import read, write
from adapters.ebxml.mime import pack, unpack
from adapters.ebxml.services import address_of, answer_to

__all__ = ["address_of", "answer_to", "pack", "read", "read_agreement", "unpack", "write"]
