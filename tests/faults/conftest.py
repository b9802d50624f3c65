import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from databases import postgres, rig, sqlite_url, url  # noqa: E402, F401 - fixtures
