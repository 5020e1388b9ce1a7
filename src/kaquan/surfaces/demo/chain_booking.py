"""How the made-up chain's weeks reach the door, and what its people hold meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from random import Random
from typing import NamedTuple

from kaquan.engine.commands import AnyCommand, RequestKey
from kaquan.engine.facts import Facts
from kaquan.engine.lifecycle import State
from kaquan.engine.outcomes import Outcome
from kaquan.engine.places import Place
from kaquan.foundation.refusals import INTERNAL_CLIENT
from kaquan.ledger.door import COMMANDS_MAX, submit
from kaquan.redemption.imports_orders import ORDERS
from kaquan.redemption.visits import Visit, gather_many
from kaquan.surfaces.demo import setting_up
from kaquan.surfaces.demo.chain_setup import ACTOR, OpenPlan

NOWHERE = Visit()


class Asked(NamedTuple):
    """One thing asked of the door. ``build`` makes the command of what the visit's facts are."""

    at: datetime
    build: Callable[[datetime, RequestKey, Facts], AnyCommand]
    visit: Visit = NOWHERE


class Booking:
    """Sends what is asked, and counts the answers."""

    def __init__(self) -> None:
        self.answers: Counter[str] = Counter()
        self.orders = 0
        self._order_rows: list[Mapping[str, object]] = []

    def book(self, name: str, asked: Sequence[Asked]) -> list[Outcome]:
        """Book in the order of time; the outcomes are in the order of ``asked``.

        ``name`` and the place in ``asked`` make each command's request key.
        """
        order = sorted(range(len(asked)), key=lambda index: asked[index].at)
        outcomes: dict[int, Outcome] = {}
        for first in range(0, len(order), COMMANDS_MAX):
            some = order[first : first + COMMANDS_MAX]
            facts = gather_many(ACTOR, [(asked[index].visit, asked[index].at) for index in some])
            commands = [
                asked[index].build(
                    asked[index].at, RequestKey(INTERNAL_CLIENT, f"demo:{name}:{index}"), known
                )
                for index, known in zip(some, facts, strict=True)
            ]
            answers = setting_up.answered(submit(commands, actor=ACTOR))
            outcomes.update(zip(some, answers, strict=True))
        self.answers.update(outcome.code.name for outcome in outcomes.values())
        for one in asked:
            self._order_rows += _order_rows(one)
        return [outcomes[index] for index in range(len(asked))]

    def import_orders(self) -> None:
        """Bring in the orders since the last time, as a till's daily file would."""
        report = setting_up.bring_in(ORDERS, self._order_rows, actor=ACTOR)
        self.orders += len({row["order_no"] for row in self._order_rows})
        self._order_rows = []
        assert report.broken == 0, report


def _order_rows(asked: Asked) -> Iterator[Mapping[str, object]]:
    visit = asked.visit
    for line_no, line in enumerate(visit.lines, start=1):
        yield {
            "order_no": visit.order_no,
            "store_code": visit.store_code,
            "customer_number": visit.customer_number,
            "ordered_at": asked.at,
            "line_no": line_no,
            "sku": line.sku,
            "quantity": line.quantity,
            "amount_fen": line.amount_fen,
            "discount_fen": line.discount_fen,
        }


class Held(NamedTuple):
    """A voucher in somebody's hands; ``member`` "" is a bearer. Good from ``from_day`` on."""

    plan: OpenPlan
    serial: int
    member: str
    from_day: int


class Used(NamedTuple):
    """A redemption that may come back; ``line_ids`` are those of its order."""

    redemption: Place
    line_ids: tuple[str, ...]
    held: Held


def left_over(outcome: Outcome) -> set[int]:
    """The serials of the outcome's vouchers that can still be used."""
    return {
        result.serial
        for result in outcome.vouchers
        if result.state in (State.LIVE, State.ISSUED) and (result.uses_left or result.balance_fen)
    }


class Hands:
    """What people hold, and what they used lately."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._held: list[Held] = []
        self.used: list[Used] = []

    def __len__(self) -> int:
        return len(self._held)

    def take(self, held: Held) -> None:
        """Somebody holds one more."""
        self._held.append(held)

    def draw(self, most: int, day: int) -> list[Held]:
        """Up to so many vouchers that are good by now, out of people's hands."""
        drawn = []
        for _ in range(min(most, len(self._held))):
            place = self._random.randrange(len(self._held))
            if self._held[place].from_day <= day:
                self._held[place], self._held[-1] = self._held[-1], self._held[place]
                drawn.append(self._held.pop())
        return drawn

    def draw_of(self, code: str, most: int) -> list[Held]:
        """Up to so many vouchers of one campaign, the oldest first, out of people's hands."""
        drawn = [held for held in self._held if held.plan.plan.code == code][:most]
        gone = set(drawn)
        self._held = [held for held in self._held if held not in gone]
        return drawn
