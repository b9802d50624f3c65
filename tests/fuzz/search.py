"""Searches one reader for bytes that break it, guided by coverage: `search.py GROUP READER SECONDS FOLDER-OF-SEEDS`.

The process may take so much memory and no more, and one attempt so many seconds; either is a finding, as is whatever
the reader raises and does not foresee.
"""

import resource
import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parent))
MEMORY = 3 * 1024**3
MEGABYTES = 1536
ATTEMPT_SECONDS = 5

with atheris.instrument_imports(include=["gateway", "adapters"]):
    from test_parsers import read


def main(group: str, reader: str, seconds: str, folder: str) -> None:
    """Search until the time is over."""
    target = read(group)[reader]
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    options = [
        sys.argv[0],
        f"-max_total_time={seconds}",
        f"-timeout={ATTEMPT_SECONDS}",
        f"-rss_limit_mb={MEGABYTES}",
        f"-max_len={max(2 * max(map(len, target.seeds)), 4096)}",
        "-print_final_stats=1",
        f"-artifact_prefix={folder}/found-",
        folder,
    ]
    atheris.Setup(options, target)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
