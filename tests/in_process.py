"""`samspill` in this process: what it wrote and how it ended, without the seconds that a process takes to start."""

import contextlib
import io
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import structlog

from gateway.cli import main


@dataclass
class Done:
    returncode: int
    out: bytes
    err: bytes

    @property
    def stdout(self) -> str:
        return self.out.decode()

    @property
    def stderr(self) -> str:
        return self.err.decode()


def samspill(*words: object, stdin: str = "", cwd: Path | None = None, env: dict[str, str] | None = None) -> Done:
    """Run a command; what it does not foresee comes out as it is, and fails the test."""
    given, out, err = (io.TextIOWrapper(io.BytesIO(raw)) for raw in (stdin.encode(), b"", b""))
    logged, code = structlog.get_config(), 0
    with (
        mock.patch.object(sys, "argv", ["samspill", *map(str, words)]),
        mock.patch.object(sys, "stdin", given),
        mock.patch.dict(os.environ, env or {}),
        contextlib.chdir(cwd or Path.cwd()),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            structlog.configure(**logged)
    for one in (out, err):
        one.flush()
    return Done(code, out.buffer.getvalue(), err.buffer.getvalue())  # type: ignore[attr-defined]
