"""State × command: the one table of what may happen to a voucher in which state.

``LIFECYCLE[state][operation]`` is either the set of states it may lead to, or the refusal.
Batch-wide commands (mint, activate, allot …) do not stand here: they act on custody, not on a
touched voucher.
"""

from __future__ import annotations

from enum import IntEnum

from kaquan.engine.outcomes import OutcomeCode as Code


class State(IntEnum):
    """What a voucher is. An untouched one is INACTIVE or LIVE as its batch and custody say."""

    INACTIVE = 0
    LIVE = 1
    ISSUED = 2
    USED = 3
    FROZEN_LIVE = 4
    FROZEN_ISSUED = 5
    EXPIRED = 6
    VOID = 7


FROZEN = frozenset({State.FROZEN_LIVE, State.FROZEN_ISSUED})
ENDED = frozenset({State.EXPIRED, State.VOID})

Cell = frozenset[State] | Code


def _to(*states: State) -> frozenset[State]:
    return frozenset(states)


_LIVE, _ISSUED, _USED = State.LIVE, State.ISSUED, State.USED

LIFECYCLE: dict[State, dict[str, Cell]] = {
    State.INACTIVE: {
        "claim": Code.VOUCHER_NOT_ACTIVATED,
        "assign": Code.VOUCHER_NOT_ACTIVATED,
        "sell": Code.VOUCHER_NOT_ACTIVATED,
        "top_up": Code.VOUCHER_NOT_ACTIVATED,
        "hold": Code.VOUCHER_NOT_ACTIVATED,
        "redeem": Code.VOUCHER_NOT_ACTIVATED,
        "reverse": Code.VOUCHER_NOT_ACTIVATED,
        "transfer": Code.VOUCHER_NOT_ACTIVATED,
        "extend": Code.VOUCHER_NOT_ACTIVATED,
        "freeze": Code.VOUCHER_NOT_ACTIVATED,
        "unfreeze": Code.VOUCHER_NOT_FROZEN,
        "void": _to(State.VOID),
        "expire": _to(State.EXPIRED),
        "adjust": Code.VOUCHER_NOT_ACTIVATED,
        "book_loss": Code.VOUCHER_NOT_ACTIVATED,
    },
    State.LIVE: {
        "claim": _to(_ISSUED),
        "assign": _to(_ISSUED),
        "sell": _to(_LIVE, _ISSUED),
        "top_up": _to(_LIVE),
        "hold": _to(_LIVE),
        "redeem": _to(_LIVE, _USED),
        "reverse": _to(_LIVE, State.EXPIRED),
        "transfer": Code.VOUCHER_NOT_ISSUED,
        "extend": _to(_LIVE),
        "freeze": _to(State.FROZEN_LIVE),
        "unfreeze": Code.VOUCHER_NOT_FROZEN,
        "void": _to(State.VOID),
        "expire": _to(State.EXPIRED),
        "adjust": _to(_LIVE),
        "book_loss": _to(_LIVE),
    },
    State.ISSUED: {
        "claim": Code.VOUCHER_ALREADY_ISSUED,
        "assign": Code.VOUCHER_ALREADY_ISSUED,
        "sell": Code.VOUCHER_ALREADY_ISSUED,
        "top_up": _to(_ISSUED),
        "hold": _to(_ISSUED),
        "redeem": _to(_ISSUED, _USED),
        "reverse": _to(_ISSUED, State.EXPIRED),
        "transfer": _to(_ISSUED),
        "extend": _to(_ISSUED),
        "freeze": _to(State.FROZEN_ISSUED),
        "unfreeze": Code.VOUCHER_NOT_FROZEN,
        "void": _to(State.VOID),
        "expire": _to(State.EXPIRED),
        "adjust": _to(_ISSUED),
        "book_loss": _to(_ISSUED),
    },
    State.USED: {
        "claim": Code.VOUCHER_USED,
        "assign": Code.VOUCHER_USED,
        "sell": Code.VOUCHER_USED,
        "top_up": Code.VOUCHER_USED,
        "hold": Code.VOUCHER_USED,
        "redeem": Code.VOUCHER_USED,
        "reverse": _to(_USED, _LIVE, _ISSUED, State.EXPIRED),
        "transfer": Code.VOUCHER_USED,
        "extend": Code.VOUCHER_USED,
        "freeze": Code.VOUCHER_USED,
        "unfreeze": Code.VOUCHER_NOT_FROZEN,
        "void": Code.VOUCHER_USED,
        "expire": Code.VOUCHER_USED,
        "adjust": Code.VOUCHER_USED,
        "book_loss": _to(_USED),
    },
    State.FROZEN_LIVE: {
        "claim": Code.VOUCHER_FROZEN,
        "assign": Code.VOUCHER_FROZEN,
        "sell": Code.VOUCHER_FROZEN,
        "top_up": Code.VOUCHER_FROZEN,
        "hold": Code.VOUCHER_FROZEN,
        "redeem": Code.VOUCHER_FROZEN,
        "reverse": _to(State.FROZEN_LIVE),
        "transfer": Code.VOUCHER_FROZEN,
        "extend": _to(State.FROZEN_LIVE),
        "freeze": Code.VOUCHER_FROZEN,
        "unfreeze": _to(_LIVE),
        "void": _to(State.VOID),
        "expire": _to(State.EXPIRED),
        "adjust": _to(State.FROZEN_LIVE),
        "book_loss": _to(State.FROZEN_LIVE),
    },
    State.FROZEN_ISSUED: {
        "claim": Code.VOUCHER_FROZEN,
        "assign": Code.VOUCHER_FROZEN,
        "sell": Code.VOUCHER_FROZEN,
        "top_up": Code.VOUCHER_FROZEN,
        "hold": Code.VOUCHER_FROZEN,
        "redeem": Code.VOUCHER_FROZEN,
        "reverse": _to(State.FROZEN_ISSUED),
        "transfer": Code.VOUCHER_FROZEN,
        "extend": _to(State.FROZEN_ISSUED),
        "freeze": Code.VOUCHER_FROZEN,
        "unfreeze": _to(_ISSUED),
        "void": _to(State.VOID),
        "expire": _to(State.EXPIRED),
        "adjust": _to(State.FROZEN_ISSUED),
        "book_loss": _to(State.FROZEN_ISSUED),
    },
    State.EXPIRED: {
        "claim": Code.VOUCHER_EXPIRED,
        "assign": Code.VOUCHER_EXPIRED,
        "sell": Code.VOUCHER_EXPIRED,
        "top_up": Code.VOUCHER_EXPIRED,
        "hold": Code.VOUCHER_EXPIRED,
        "redeem": Code.VOUCHER_EXPIRED,
        "reverse": _to(State.EXPIRED),
        "transfer": Code.VOUCHER_EXPIRED,
        "extend": _to(_LIVE, _ISSUED),
        "freeze": Code.VOUCHER_EXPIRED,
        "unfreeze": Code.VOUCHER_NOT_FROZEN,
        "void": _to(State.VOID),
        "expire": Code.VOUCHER_EXPIRED,
        "adjust": Code.VOUCHER_EXPIRED,
        "book_loss": _to(State.EXPIRED),
    },
    State.VOID: dict.fromkeys(
        (
            "claim",
            "assign",
            "sell",
            "top_up",
            "hold",
            "redeem",
            "transfer",
            "extend",
            "freeze",
            "unfreeze",
            "void",
            "expire",
            "adjust",
        ),
        Code.VOUCHER_VOID,
    )
    | {"reverse": _to(State.VOID), "book_loss": _to(State.VOID)},
}

VOUCHER_OPERATIONS = frozenset(LIFECYCLE[State.LIVE])


def refusal_of(state: State, operation: str) -> Code | None:
    """The refusal that the table has for this state and operation, or None where it may go on."""
    cell = LIFECYCLE[state][operation]
    return cell if isinstance(cell, Code) else None
