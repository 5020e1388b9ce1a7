"""The description of the API as a file, for clients and for the comparison with the baseline."""

from __future__ import annotations

import json
from types import ModuleType


def page(description: ModuleType) -> str:
    """The document as JSON, from ``document`` of `kaquan.project.description`."""
    return json.dumps(description.document(), ensure_ascii=False, indent=1) + "\n"
