"""Searches the readers of a group for bytes that break them, guided by coverage: `search.py GROUP SECONDS FOLDER`.

Each reader has a process of its own, which may take so much memory and no more, and one attempt so many seconds;
either is a finding, as is whatever the reader raises and does not foresee. What each process said stands in the folder.
"""

import os
import resource
import sys
from pathlib import Path
from typing import Any

import atheris

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
MEMORY = 3 * 1024**3
MEGABYTES = 1536
ATTEMPT_SECONDS = 5

with atheris.instrument_imports(include=["gateway", "adapters"]):
    from test_parsers import read


def main(group: str, seconds: str, folder: str) -> int:
    """Search each reader until its time is over; give how many broke, and name them."""
    broken = 0
    for number, (name, target) in enumerate(read(group).items()):
        place = Path(folder) / str(number)
        place.mkdir()
        child = os.fork()
        if not child:
            search(target, seconds, place)
        _, ended = os.waitpid(child, 0)
        said = (place / "said").read_text("utf-8", "replace")
        if ended or "Done " not in said:
            broken += 1
            sys.stdout.write(f"{name}: {said[-3000:]}\n")
    return broken


def search(target: Any, seconds: str, place: Path) -> None:
    """Search one reader, and end the process."""
    with (place / "said").open("wb") as said:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(said.fileno(), stream.fileno())
    seeds = place / "seeds"
    seeds.mkdir()
    for number, raw in enumerate(target.seeds):
        (seeds / f"seed-{number}").write_bytes(raw)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    options = [
        sys.argv[0],
        f"-max_total_time={seconds}",
        f"-timeout={ATTEMPT_SECONDS}",
        f"-rss_limit_mb={MEGABYTES}",
        f"-max_len={max(2 * max(map(len, target.seeds)), 4096)}",
        f"-artifact_prefix={place}/found-",
        str(seeds),
    ]
    atheris.Setup(options, target)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
