"""A long random life of a few batches: whatever is asked, in any order, from a seed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from msgspec.structs import replace

from kaquan.engine.commands import (
    Adjust,
    AnyCommand,
    Assign,
    ChangeBudget,
    Claim,
    Expire,
    Extend,
    Freeze,
    Hold,
    LineReturn,
    Mint,
    Redeem,
    Release,
    Reverse,
    Sell,
    SetBatchState,
    TopUp,
    Transfer,
    Unfreeze,
    Void,
    VoucherUse,
)
from kaquan.engine.facts import Facts
from kaquan.engine.outcomes import Outcome
from kaquan.engine.places import Place
from tests.builders.ledger import KINDS, NOON, Books, BuiltBatch, a_batch, a_key, at_the_till
from tests.ledger.traffic import FUNDING, LIMITS, STACKING

BUDGET_FEN = 300_000
BLOCK_COMMANDS_MAX = 8
CHANNELS = ("pos", "APP", "")


@dataclass
class RandomTraffic:
    """Sends commands to doors in turn and remembers what can be named later."""

    doors: Sequence[Books]
    random: Random
    at: datetime = NOON
    batches: list[BuiltBatch] = field(default_factory=list)
    serials: list[int] = field(default_factory=list)
    issued: list[int] = field(default_factory=list)
    cards: list[int] = field(default_factory=list)
    redemptions: list[Place] = field(default_factory=list)
    holds: list[Place] = field(default_factory=list)
    done: int = 0

    def open(self) -> None:
        """Batches of every kind, by code and from stock, with and without a budget."""
        for number, kind in enumerate(KINDS):
            terms = {**STACKING, **(FUNDING if kind != "prepaid" else {}), "transferable": True}
            terms["validity"] = {"range": {"kind": "after_claim", "days": 3}}
            if number % 2:
                terms |= LIMITS | {"commit": "redeem"}
                terms["validity"] = {
                    "range": {
                        "kind": "fixed_range",
                        "first_day": "2026-05-01",
                        "last_day": "2026-06-05",
                    }
                }
            for by_code in (True, False):
                batch = a_batch(
                    self.doors[0],
                    kind=kind,
                    quantity=20,
                    by_code=by_code,
                    budget_id=None if by_code and kind != "prepaid" else 0,
                    **terms,
                )
                self.batches.append(batch)
                if by_code:
                    self.serials += batch.serials
                    if kind in ("prepaid", "partial_cash", "count"):
                        self.cards += batch.serials

    def run(self, commands: int) -> None:
        """Send about so many commands."""
        sent = 0
        while sent < commands:
            block = [self._a_command() for _ in range(self.random.randint(1, BLOCK_COMMANDS_MAX))]
            outcomes = self.random.choice(self.doors).submit(block)
            for command, outcome in zip(block, outcomes, strict=True):
                self._remember(command, outcome)
            sent += len(block)
            self.at += timedelta(minutes=self.random.randint(0, 30))

    def _remember(self, command: AnyCommand, outcome: Outcome) -> None:
        if not outcome.done:
            return
        self.done += 1
        assert outcome.place is not None
        if isinstance(command, Redeem):
            self.redemptions.append(outcome.place)
        if isinstance(command, Hold):
            self.holds.append(outcome.place)
        if isinstance(command, Claim | Assign | Sell):
            self.issued.append(outcome.vouchers[0].serial)

    def _a_command(self) -> AnyCommand:
        makers: list[Callable[[], AnyCommand]] = [
            *[self._an_issue] * 12,
            *[self._a_use] * 14,
            *[self._a_hold] * 8,
            *[self._a_settlement] * 8,
            *[self._a_reversal] * 7,
            *[self._some_care] * 6,
            self._some_supply,
        ]
        return self.random.choice(makers)()

    def _serial(self) -> int:
        """Mostly one that is in somebody's hands."""
        known = self.issued if self.issued and self.random.random() < 0.85 else self.serials
        return self.random.choice(known)

    def _customer(self) -> int:
        return self.random.choice((0, 0, 0, 0, 1, 2, 3))

    def _facts(self) -> Facts:
        facts = at_the_till(
            amount_fen=self.random.choice((5_000, 9_999, 30_000)), customer_id=self._customer()
        )
        return replace(facts, channel=CHANNELS[facts.customer_id % len(CHANNELS)])

    def _an_issue(self) -> AnyCommand:
        batch = self.random.choice(self.batches)
        by_code = batch.serial() in self.serials and self.random.random() < 0.9
        serial = self.random.choice(batch.serials) if by_code else None
        fields = {
            "at": self.at,
            "batch_id": batch.batch_id,
            "serial": serial,
            "facts": Facts(customer_id=self.random.randint(1, 4)),
        }
        if serial in self.cards and self.random.random() < 0.7:
            fields["facts"] = Facts(customer_id=self._customer())
            return Sell(paid_fen=self.random.choice((0, 18_000)), payment_no="P", **fields)
        return self.random.choice((Claim, Assign))(key=a_key(), **fields)

    def _uses(self) -> tuple[VoucherUse, ...]:
        serials = {self._serial() for _ in range(self.random.choice((1, 1, 1, 1, 2, 3)))}
        return tuple(
            VoucherUse(
                serial,
                self.random.choice((None, None, 100, 1_999)) if serial in self.cards else None,
                self.random.choice((1, 1, 2)) if serial in self.cards else 1,
            )
            for serial in sorted(serials)
        )

    def _a_use(self) -> AnyCommand:
        if self.random.random() < 0.1:
            amount_fen = self.random.choice((100, 5_000))
            return TopUp(
                at=self.at,
                serial=self.random.choice(self.cards),
                amount_fen=amount_fen,
                payment_no="P",
                facts=Facts(),
            )
        return Redeem(at=self.at, key=a_key(), vouchers=self._uses(), facts=self._facts())

    def _a_hold(self) -> AnyCommand:
        expires_at = self.at + timedelta(minutes=self.random.choice((5, 60, 600)))
        return Hold(at=self.at, vouchers=self._uses(), facts=self._facts(), expires_at=expires_at)

    def _a_settlement(self) -> AnyCommand:
        if not self.holds:
            return self._a_hold()
        place = self.random.choice(self.holds[-4:])
        if self.random.random() < 0.5:
            return Release(at=self.at, hold=place)
        return Redeem(at=self.at, hold=place, facts=self._facts())

    def _a_reversal(self) -> AnyCommand:
        if not self.redemptions:
            return self._a_use()
        place, what = self.random.choice(self.redemptions[-15:]), self.random.randrange(3)
        if what == 0:
            return Reverse(at=self.at, redemption=place)
        if what == 1:
            amount_fen = self.random.choice((1, 333, 2_000))
            return Reverse(at=self.at, redemption=place, amount_fen=amount_fen)
        line = LineReturn(self.random.choice(("1", "2")), 1)
        return Reverse(at=self.at, redemption=place, lines=(line,))

    def _some_care(self) -> AnyCommand:
        at, serial, card = self.at, self._serial(), self.random.choice(self.cards)
        care: Sequence[Callable[[], AnyCommand]] = (
            lambda: Transfer(
                at=at,
                serial=serial,
                from_customer_id=self.random.randint(1, 4),
                to_customer_id=self.random.randint(1, 4),
            ),
            lambda: Extend(at=at, serial=serial, valid_until=at + timedelta(days=9)),
            lambda: Freeze(at=at, serial=serial, reason="查"),
            lambda: Unfreeze(at=at, serial=serial),
            lambda: Unfreeze(at=at, serial=serial),
            lambda: Void(at=at, serial=serial, reason="坏"),
            lambda: Expire(at=at, serial=serial),
            lambda: Adjust(
                at=at, serial=card, balance_fen=self.random.choice((-70, 70)), reason="错"
            ),
            lambda: Adjust(at=at, serial=card, uses=self.random.choice((-1, 1)), reason="错"),
        )
        return self.random.choice(care)()

    def _some_supply(self) -> AnyCommand:
        batch = self.random.choice(self.batches)
        supply: Sequence[Callable[[], AnyCommand]] = (
            lambda: Mint(at=self.at, batch_id=batch.batch_id, quantity=3),
            lambda: SetBatchState(
                at=self.at,
                batch_id=batch.batch_id,
                state=self.random.choice(("paused", "running", "running")),
            ),
            lambda: ChangeBudget(
                at=self.at, budget_id=batch.budget_id, expected_fen=10_000_000, total_fen=90_000
            ),
        )
        return self.random.choice(supply)()
