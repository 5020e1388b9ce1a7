"""A redemption as one looks at it before undoing it: its order's lines, its vouchers, what is left
of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from kaquan.engine.commands import AnyCommand, Hold, Redeem
from kaquan.engine.facts import Facts, OrderLine
from kaquan.engine.outcomes import Outcome, OutcomeCode, VoucherResult
from kaquan.engine.places import Place
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.refusals import RefusedError
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.trace import record_at
from kaquan.redemption.authority import REVERSE
from kaquan.redemption.queries import lies_within

UNKNOWN = Outcome(OutcomeCode.REDEMPTION_UNKNOWN)


class PastRedemption(Struct, frozen=True):
    """What was used on which order, when and where."""

    place: Place
    at: datetime
    facts: Facts
    vouchers: Sequence[VoucherResult]

    @property
    def lines(self) -> Sequence[OrderLine]:
        """The lines of its order."""
        return self.facts.order.lines if self.facts.order else ()

    @property
    def discount_fen(self) -> int:
        """What the order got off."""
        return sum(result.discount_fen for result in self.vouchers)


def past_redemption(actor: Actor, place: Place | None) -> PastRedemption:
    """The redemption at a place within the actor's part; raises `redemption_unknown`."""
    require(actor, REVERSE)
    found = record_at(reading_session(), place) if place is not None else None
    if found is None or place is None or not lies_within(actor, place):
        raise RefusedError(UNKNOWN)
    command, outcome = found[1].command, found[1].outcome
    if not isinstance(command, Redeem) or not outcome.done:
        raise RefusedError(UNKNOWN)
    return PastRedemption(place, command.at, _facts(command), outcome.vouchers)


def _facts(command: Redeem) -> Facts:
    """What settles a hold happened on the hold's own order."""
    if command.hold is None:
        return command.facts
    found = record_at(reading_session(), command.hold)
    held: AnyCommand | None = found[1].command if found else None
    return held.facts if isinstance(held, Hold) else command.facts
