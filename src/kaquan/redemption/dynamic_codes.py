"""What a till was shown by a phone, as the code it stands for; see docs/decisions/0036."""

from __future__ import annotations

from datetime import datetime

from kaquan.engine.codes import CodeFault
from kaquan.engine.dynamic_codes import is_dynamic
from kaquan.engine.outcomes import Outcome
from kaquan.redemption.codes import FAULTS, new_code
from kaquan.redemption.dynamic_keys import dynamic_serial


def plain_code(text: str, at: datetime) -> str | Outcome:
    """A text that a till was shown, as the code it stands for; any other text as it is.

    A dynamic form of another minute is refused like a code that was made up, and counts as one.
    """
    if not is_dynamic(text):
        return text
    serial = dynamic_serial(text, at)
    return FAULTS[serial] if isinstance(serial, CodeFault) else new_code(serial)
