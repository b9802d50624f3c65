import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "faults"))

from databases import postgres, rig, sqlite_url, url  # noqa: F401 - fixtures
