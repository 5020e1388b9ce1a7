"""What every test may use: a real PostgreSQL, started once for all workers."""

import os
import sys
from pathlib import Path

# What Python has compiled is kept in a place of our own, as ./dev has it, even where Python is told
# to keep nothing: else each of the hundred programs that a run starts would compile all it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ.setdefault("PYTHONPYCACHEPREFIX", str(Path(__file__).parents[1] / ".dev" / "pycache"))
sys.dont_write_bytecode = False
sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"]

pytest_plugins = [
    "tests.left_open",
    "tests.fixtures_database",
    "tests.fixtures_cluster",
    "tests.fixtures_ledger",
    "tests.fixtures_browser",
    "tests.quick_passwords",
    "tests.scheduling",
]
