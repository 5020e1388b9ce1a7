"""Commands about what was held or used before: it is settled, given back, undone, where it was."""

from __future__ import annotations

from typing import Any

from kaquan.engine import commands as c
from kaquan.engine.facts import Facts
from kaquan.redemption.receipt_numbers import ReceiptKind
from kaquan.surfaces.gateway import answers
from kaquan.surfaces.gateway.preparing import Preparation, Prepared

NO_FACTS = Facts()


def settle(p: Preparation, asked: Any, key: str, link: int = 0) -> Prepared:
    """Redeem what a hold reserved."""
    place = p.place(ReceiptKind.HOLD, asked.hold)
    terminal_id, refusal = p.terminal(asked.terminal, place)
    facts = Facts(terminal_id=terminal_id) if terminal_id else NO_FACTS
    command = c.Redeem(facts=facts, hold=place, **p.common(key, link))
    return Prepared(command, answers.redemption_answer, refusal)


def release(p: Preparation, asked: Any, key: str, link: int = 0) -> Prepared:
    """Give a hold back."""
    place = p.place(ReceiptKind.HOLD, asked.hold)
    terminal_id, refusal = p.terminal(asked.terminal, place)
    command = c.Release(hold=place, terminal_id=terminal_id, **p.common(key, link))
    return Prepared(command, answers.done_answer, refusal)


def reverse(p: Preparation, asked: Any, key: str, link: int = 0) -> Prepared:
    """Undo a redemption, wholly or in part."""
    place = p.place(ReceiptKind.REDEMPTION, asked.redemption)
    terminal_id, refusal = p.terminal(asked.terminal, place)
    command = c.Reverse(
        redemption=place,
        serial=None if asked.code is None else p.serial(asked.code),
        amount_fen=asked.amount_fen,
        lines=tuple([c.LineReturn(line.line_id, line.quantity) for line in asked.lines]),
        reason=asked.reason,
        terminal_id=terminal_id,
        **p.common(key, link),
    )
    return Prepared(command, answers.reversal_answer, refusal)
