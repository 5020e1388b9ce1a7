"""The description of the API as a file, for clients and for the comparison with the baseline."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import ModuleType

from django.apps import apps


def page(setup: ModuleType) -> str:
    """The document as JSON; ``setup`` is the module that sets Django up."""
    if not apps.ready:
        from kaquan.foundation.configuration import load_configuration

        home = Path(__file__).resolve().parents[2] / ".dev" / "home"
        setup.setup(load_configuration({**os.environ, "KAQUAN_HOME": str(home)}))
    from kaquan.project.description import document

    return json.dumps(document(), ensure_ascii=False, indent=1) + "\n"
