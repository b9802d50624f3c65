"""JSON documents that somebody names on the command line."""

import json
import sys
from pathlib import Path
from typing import Any

import typer

from gateway.core.errors import Issue, NotAcceptable


def read_json(path: Path) -> Any:
    """Read a file, or standard input for `-`.

    Raises a usage error for a file that cannot be opened, and `NotAcceptable` with the place for what is no JSON.
    """
    try:
        raw = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        return json.loads(raw.decode("utf-8"))
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        wrong = Issue("structure", str(path), "the file is not UTF-8")
    except json.JSONDecodeError as error:
        wrong = Issue("structure", f"{path}:{error.lineno}:{error.colno}", f"not JSON: {error.msg}")
    except ValueError:
        wrong = Issue("too-long", str(path), "a number has more digits than can be read")
    except RecursionError:
        wrong = Issue("too-long", str(path), "nested too deeply")
    raise NotAcceptable([wrong])
