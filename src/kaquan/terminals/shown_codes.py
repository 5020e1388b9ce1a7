"""A code that a phone renews is over within a minute; an order takes longer to be typed or filled.

So what a clerk was shown stands for some minutes more, as a text that only this terminal can use
and that leads to no code: whoever only looked at a voucher holds nothing of it afterwards.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from django.core.signing import BadSignature, Signer

from kaquan.engine.codes import Presented
from kaquan.redemption.codes import code_book
from kaquan.terminals.errors import shown_code_over

GOOD_FOR: Final = timedelta(minutes=10)
_PREFIX: Final = "shown."
_SALT: Final = "kaquan.terminals.shown_codes"


def shown_text(terminal_id: int, shown: Presented, at: datetime) -> str:
    """What stands for a voucher that was shown at a terminal."""
    until = int((at + GOOD_FOR).timestamp())
    return _PREFIX + Signer(salt=_SALT).sign_object([terminal_id, *shown, until])


def is_shown_text(text: str) -> bool:
    """Whether it is such a text."""
    return text.startswith(_PREFIX)


def code_behind(terminal_id: int, text: str, at: datetime) -> str:
    """The code that a text stands for, of the hand that was shown; whatever else was scanned stands
    for itself.

    Raises `counter_shown_code_over`.
    """
    if not is_shown_text(text):
        return text
    try:
        signed = Signer(salt=_SALT).unsign_object(text.removeprefix(_PREFIX))
        of_terminal, serial, hand, until = signed
    except (BadSignature, ValueError, TypeError):
        raise shown_code_over() from None
    if of_terminal != terminal_id or at > datetime.fromtimestamp(until, UTC):
        raise shown_code_over()
    return code_book().encode(serial, hand)
