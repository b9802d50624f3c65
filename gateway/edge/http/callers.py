"""Who is calling, and whether the route is open to them: asked before anything else of a request is looked at."""

from starlette.requests import Request

from gateway.edge.http.services import Services
from gateway.edge.identity.access import Caller, authorise, match


async def caller_of(request: Request, services: Services) -> Caller:
    """Give the caller.

    Raises `Unidentified`, `Refused` when the caller's role or scopes do not open the route, `TooMany`, or `KeyError`
    for a route that the table of access does not hold, which is our own fault and closed to everybody.
    """
    caller = await services.identify(request)
    authorise(caller, match(request.method, request.url.path))
    services.rate.take(caller.party)
    return caller
