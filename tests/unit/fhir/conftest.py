import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "properties" / "mapping"))  # the laws of the mapping engine
