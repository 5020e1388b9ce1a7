"""A use without a network that was in conflict, for screens."""

from __future__ import annotations

from datetime import timedelta

from kaquan.foundation import clock
from kaquan.organisations.models import Terminal
from tests.api.world import Side
from tests.offline.till import a_till, signed
from tests.redemption.counter import a_counter


def conflicting_terminal(side: Side) -> Terminal:
    """A terminal of the side's store whose device took a voucher that was used before."""
    now = clock.now()
    counter = a_counter(offline_use=True)
    assert counter.redeem(0).done
    till = a_till(side.store, now - timedelta(hours=1))
    till.take(signed(counter), now - timedelta(minutes=5), honest=False)
    (judged,) = till.hand_in(now)
    assert judged.verdict == "loss", judged
    return till.device.terminal
