"""Who is calling, and whether the route is open to them: asked before anything else of a request is looked at."""

from starlette.requests import Request

from gateway.edge.http.services import Services
from gateway.edge.identity.access import Access, Caller, authorise, match
from gateway.edge.store.operate import NotThere


async def caller_of(request: Request, services: Services) -> Caller:
    """Give the caller.

    Raises `Unidentified`, `Refused` when the caller's role or scopes do not open the route, `TooMany`, or `NotThere`
    for an address that the table of access does not hold, which is closed to everybody.
    """
    caller = await services.identify(request)
    authorise(caller, access_of(request))
    services.rate.take(caller.party)
    return caller


def access_of(request: Request) -> Access:
    """Give the row of the table of access for a request, by its path as the router saw it. Raises `NotThere`.

    Starlette's `request.url` leaves control characters out of a path, so that it can be another than was routed.
    """
    try:
        return match(request.method, request.scope["path"])
    except KeyError:
        raise NotThere("the table of access has no such address") from None
