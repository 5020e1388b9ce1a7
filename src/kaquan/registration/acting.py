"""What the desk's one permission comes to."""

from __future__ import annotations

from dataclasses import replace

from kaquan.customers.actions import PERMISSION as EDIT_CUSTOMERS
from kaquan.customers.queries import VIEW as VIEW_CUSTOMERS
from kaquan.foundation.actor import Actor, require
from kaquan.redemption.actions import REDEEM, REVERSE
from kaquan.redemption.queries import TRACE

REGISTER = "desk.register"


def at_the_desk(actor: Actor, *, reversing: bool = False) -> Actor:
    """Somebody who registers a slip: they use its voucher, learn what became of it, and add the
    customer whose phone stands on it. Raises `permission_denied`.

    Never given to a caller that chooses what is done with it.
    """
    require(actor, REGISTER)
    wanted = {REDEEM, TRACE, VIEW_CUSTOMERS, EDIT_CUSTOMERS} | ({REVERSE} if reversing else set())
    return replace(actor, permissions=actor.permissions | wanted)
