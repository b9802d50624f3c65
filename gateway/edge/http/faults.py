"""What becomes of an error on its way out: an HTTP status, and the issues that the caller is shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.exceptions import HTTPException

from gateway.core.errors import Busy, Issue, NotAcceptable, Refused, SamspillError
from gateway.edge.http.services import Stale
from gateway.edge.identity import Unidentified
from gateway.edge.identity.limits import TooLarge, TooMany
from gateway.edge.store.accept import Conflict
from gateway.edge.store.operate import NotThere

CLOSE = {"Connection": "close"}
_UNREADABLE = "structure"


@dataclass(frozen=True, slots=True)
class Fault:
    """An answer that is an error."""

    status: int
    issues: tuple[Issue, ...]
    headers: Mapping[str, str] = field(default_factory=dict)


class HttpFault(SamspillError):
    """The request itself, not what it carries, is not acceptable."""

    def __init__(self, status: int, issue: Issue, headers: Mapping[str, str] | None = None) -> None:
        self.fault = Fault(status, (issue,), headers or {})
        super().__init__(issue.what)


OUR_FAULT = Fault(
    500, (Issue("exception", "", "the gateway failed; nothing of this request was kept", "send it again later"),)
)
AMBIGUOUS = Fault(
    400,
    (Issue("structure", "", "the request has Content-Length and Transfer-Encoding", "send one of the two"),),
    CLOSE,
)
"""Where such a request ends can be read in two ways, and a second one be smuggled past a proxy (RFC 9112 §6.1)."""

_BY_STATUS = {
    404: Issue("not-found", "", "there is nothing at this address", "see /fhir/metadata for what there is"),
    405: Issue("not-supported", "", "the address does not answer this method", "use one of the methods in Allow"),
}


def fault_of(error: Exception) -> Fault:
    """Give the answer to an error that was foreseen; anything else is our own fault, and says nothing."""
    match error:
        case HttpFault():
            return error.fault
        case NotAcceptable():
            unreadable = any(issue.code == _UNREADABLE for issue in error.issues)
            return Fault(400 if unreadable else 422, error.issues)
        case Unidentified():
            return Fault(401, (Issue("login", "", error.why, "prove who is calling"),), dict(error.headers))
        case Refused():
            return Fault(403, (Issue("forbidden", "", error.why),))
        case Conflict():
            return Fault(409, (Issue("conflict", error.at, str(error)),))
        case Stale():
            return Fault(412, (Issue("conflict", "", str(error), "read the resource again and repeat the change"),))
        case NotThere():
            return Fault(404, (_BY_STATUS[404],))
        case TooLarge():
            return Fault(413, (Issue("too-long", "", str(error), "send one message at a time"),), CLOSE)
        case TooMany():
            issue = Issue("throttled", "", str(error), "wait as long as Retry-After says")
            return Fault(429, (issue,), {"Retry-After": str(error.retry_after)})
        case Busy():
            issue = Issue("throttled", "", "the gateway takes no messages now; nothing was kept", "send it again later")
            return Fault(503, (issue,), {"Retry-After": str(error.retry_after)})
        case HTTPException() if error.status_code in _BY_STATUS:
            return Fault(error.status_code, (_BY_STATUS[error.status_code],), error.headers or {})
    return OUR_FAULT
