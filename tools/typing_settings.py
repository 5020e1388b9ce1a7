"""Django's settings as mypy's plugin loads them: the real ones, with a home that is nobody's.

Loading the settings makes the keys that are missing; a type check must not make them where an
installation will look for them.
"""

import os
from pathlib import Path

os.environ["KAQUAN_HOME"] = str(Path(__file__).resolve().parents[1] / ".dev" / "home")

from kaquan.project.settings import *  # noqa: F403  all of them, once the home is set
