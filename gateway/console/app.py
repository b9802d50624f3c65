"""The application: log-in, sessions, forms that only our own pages can send, headers, and errors that say nothing."""

import asyncio
import hmac
import secrets
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path, PurePath
from typing import Final
from urllib.parse import parse_qsl

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from gateway.console import cases, log, mine, patients, people, policy, upkeep
from gateway.console.desk import Desk
from gateway.console.guard import Guard
from gateway.console.oidc import Login
from gateway.console.people import COOKIE, PENDING, People
from gateway.console.sessions import NotLoggedIn, Session, Sessions, Standing
from gateway.console.visit import SEE_OTHER, HtmlPage, Visit, rendered
from gateway.console.words import Words, languages, preferred, words
from gateway.core.errors import Busy, NotAcceptable, Refused, SamspillError
from gateway.edge.keys import Destroyed
from gateway.edge.store.operate import NotThere
from gateway.edge.store.review import AlreadyClosed

STATIC: Final = Path(__file__).parent / "static"
LANGUAGE: Final = "__Host-language"
LARGEST: Final = 32 * 1024
_log = structlog.get_logger("samspill.console")

Handler = Callable[[Visit], Response]
Close = Callable[[], Awaitable[None]]
PAGES: Final[tuple[tuple[str, str, tuple[Standing, ...], Handler], ...]] = (
    *log.PAGES,
    *patients.PAGES,
    *cases.PAGES,
    *policy.PAGES,
    *upkeep.PAGES,
    *mine.PAGES,
)
"""Method, path, who it is open to, and what answers: every page there is behind the log-in."""


class BadForm(SamspillError):
    """The form did not come from one of our own pages in this session, or is too large."""


def create_console(
    desk: Desk, logins: Mapping[str, Login], known: People, sessions: Sessions, close: Close | None = None
) -> Starlette:
    """Give the ASGI application. `logins` are `staff` and `patient`; one that is missing is closed.

    `close` lets go of what the log-ins hold, when the application ends.
    """
    door = _Door(desk, logins, known, sessions)
    routes = [
        Route("/", door.front),
        Route("/console.css", door.style),
        Route("/login/{provider}", door.login),
        Route("/callback", door.callback),
        Route("/logout", door.logout, methods=["POST"]),
        Route("/language/{language}", door.language),
        *(Route(path, door.behind(who, answer), methods=[method]) for method, path, who, answer in PAGES),
    ]
    handlers = {SamspillError: door.problem, HTTPException: door.problem}
    guard = [Middleware(Guard, failed=door.failed)]

    @asynccontextmanager
    async def running(app: Starlette) -> AsyncIterator[None]:
        del app
        yield
        if close is not None:
            await close()

    return Starlette(routes=routes, middleware=guard, exception_handlers=handlers, lifespan=running)


class _Door:
    def __init__(self, desk: Desk, logins: Mapping[str, Login], known: People, sessions: Sessions) -> None:
        self._desk, self._logins, self._known, self._sessions = desk, logins, known, sessions

    async def style(self, request: Request) -> Response:
        """Give the style sheet."""
        del request
        return FileResponse(STATIC / "console.css", headers={"Cache-Control": "max-age=3600"})

    async def front(self, request: Request) -> Response:
        """Give the log-in page, or send on whoever is logged in."""
        try:
            return RedirectResponse(people.HOME[self._session(request).standing], SEE_OTHER)
        except NotLoggedIn:
            return HtmlPage(rendered("login", self._words(request), {"open": sorted(self._logins), "over": False}))

    async def login(self, request: Request) -> Response:
        """Send the browser to a provider."""
        provider = request.path_params["provider"]
        if provider not in self._logins:
            raise HTTPException(404)
        name, pending = self._sessions.begin(provider)
        answer = RedirectResponse(await self._logins[provider].address(pending), SEE_OTHER)
        answer.set_cookie(PENDING, name, max_age=600, secure=True, httponly=True, samesite="lax")
        return answer

    async def callback(self, request: Request) -> Response:
        """Take the provider's answer; a new session, under a name that the browser has not had."""
        pending = self._sessions.pending(request.cookies.get(PENDING, ""))
        login = self._logins[pending.provider]
        person = await login.person(pending, dict(request.query_params))
        session = self._known.session(pending.provider, login.provider.issuer, person, self._sessions.now())
        name = self._sessions.open(session)
        answer = RedirectResponse(people.HOME[session.standing], SEE_OTHER)
        answer.set_cookie(COOKIE, name, secure=True, httponly=True, samesite="lax")
        answer.delete_cookie(PENDING, secure=True, httponly=True, samesite="lax")
        return answer

    async def logout(self, request: Request) -> Response:
        """End the session."""
        session = self._session(request)
        await _form(request, session)
        self._sessions.close(request.cookies.get(COOKIE, ""))
        answer = RedirectResponse("/", SEE_OTHER)
        answer.delete_cookie(COOKIE, secure=True, httponly=True, samesite="lax")
        return answer

    async def language(self, request: Request) -> Response:
        """Turn to another language, and go back."""
        chosen = request.path_params["language"]
        if chosen not in languages():
            raise HTTPException(404)
        answer = RedirectResponse("/", SEE_OTHER)
        answer.set_cookie(LANGUAGE, chosen, max_age=365 * 86400, secure=True, httponly=True, samesite="lax")
        return answer

    def behind(self, standings: tuple[Standing, ...], answer: Handler) -> Callable[[Request], object]:
        """Give the endpoint of a page that is open to these standings alone."""

        async def endpoint(request: Request) -> Response:
            session = self._session(request)
            if session.standing not in standings:
                raise HTTPException(404)
            form = await _form(request, session) if request.method == "POST" else {}
            visit = Visit(
                self._desk, session, self._words(request), dict(request.query_params), request.path_params, form
            )
            return await asyncio.to_thread(answer, visit)

        return endpoint

    async def problem(self, request: Request, error: Exception) -> Response:
        """Answer an error that was foreseen. What is not there and what is not permitted look the same."""
        match error:
            case NotLoggedIn():
                return HtmlPage(
                    rendered("login", self._words(request), {"open": sorted(self._logins), "over": True}), 401
                )
            case BadForm():
                return self._problem(request, "form", 403)
            case Busy():
                return self._problem(request, "busy", 503)
            case AlreadyClosed():
                return self._problem(request, "closed", 409)
            case NotAcceptable():
                return self._problem(request, "form", 422)
            case Refused() if "second-person" in error.rules:
                return self._problem(request, "second-person", 403)
            case Refused() if "own-record" in error.rules:
                return self._problem(request, "own-record", 403)
            case Refused() | NotThere() | Destroyed() | HTTPException():
                return self._problem(request, "not-there", 404)
        raise error

    def failed(self, request: Request, error: Exception) -> Response:
        """Answer a fault of our own: a reference, and nothing of what was asked."""
        reference = secrets.token_hex(4)
        frames = traceback.extract_tb(error.__traceback__)
        at = f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "nowhere"
        _log.error("console page failed", error=type(error).__name__, at=at, reference=reference)
        return self._problem(request, "failed", 500, reference)

    def _problem(self, request: Request, what: str, status: int, reference: str = "") -> Response:
        try:
            home = people.HOME[self._session(request).standing]
        except NotLoggedIn:
            home = "/"
        values = {"what": what, "reference": reference, "home": home}
        return HtmlPage(rendered("problem", self._words(request), values), status)

    def _session(self, request: Request) -> Session:
        return self._sessions.find(request.cookies.get(COOKIE, ""))

    def _words(self, request: Request) -> Words:
        chosen = request.cookies.get(LANGUAGE) or preferred(request.headers.get("accept-language", ""))
        return words(chosen)


async def _form(request: Request, session: Session) -> dict[str, str]:
    """Read a form, and refuse one that another site made the browser send."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            raise BadForm("the form is too large")
    form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    site = request.headers.get("sec-fetch-site", "same-origin")
    token = form.pop("csrf", "")
    if site not in {"same-origin", "none"} or not hmac.compare_digest(token.encode(), session.csrf.encode()):
        raise BadForm("the form did not come from this session's own page")
    return form
