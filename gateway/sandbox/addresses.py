"""A register of graded addresses in the sandbox, in which nobody has one."""

from types import TracebackType
from typing import Self

from aiohttp import web


class SandboxAddresses:
    """Answers `POST` at `url`, while entered, with `{"grading": "none"}` for whoever is asked about."""

    def __init__(self) -> None:
        self.url = ""
        app = web.Application()
        app.router.add_post("/gradering", _answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/gradering"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()


async def _answer(request: web.Request) -> web.Response:
    await request.json()
    return web.json_response({"grading": "none"})
