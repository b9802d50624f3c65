import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "integration" / "line"))  # the running line of those tests
