"""Random life of a ledger, checked after every block by an auditor who shares no rule with it."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kaquan.engine import commands as c
from kaquan.engine.facts import Facts, Order, OrderLine
from kaquan.engine.lifecycle import LIFECYCLE, State
from kaquan.engine.outcomes import Outcome
from kaquan.engine.places import Place
from tests.engine.auditor import Auditor
from tests.engine.auditor_findings import compare, judge_refusal
from tests.engine.decide_cases import BENEFITS, NOON, YEAR_2026
from tests.engine.memory_ledger import MemoryLedger

AFTER_CLAIM = {"kind": "after_claim", "days": 3}
FUNDING = [
    {"kind": "first_to_cap", "funder_id": 11, "cap_fen": 3000},
    {"kind": "percent", "funder_id": 12, "basis_points": 3333},
    {"kind": "remainder", "funder_id": 0},
]
LIMITS = [
    {"dimension": "customer", "at": "claim", "cap": 2, "period": "day"},
    {"dimension": "store", "at": "redeem", "cap": 5000, "unit": "fen", "period": "day"},
    {"dimension": "batch", "at": "redeem", "cap": 3},
]
CHANNEL_LIMITS = [
    {"dimension": "channel", "at": "claim", "cap": 3, "period": "day"},
    {"dimension": "channel", "at": "redeem", "cap": 3, "channels": ["pos"]},
    {"dimension": "channel", "at": "redeem", "cap": 900, "unit": "fen", "channels": ["App"]},
]

# Four stock batches and three of paper, with different ways of paying, limiting and ending.
BATCHES: list[tuple[str, bool, dict[str, Any]]] = [
    ("amount_off", False, {"limits": LIMITS, "funding": FUNDING}),
    ("percent_off", False, {"validity": {"range": AFTER_CLAIM}, "limits": CHANNEL_LIMITS}),
    ("cash_in_parts", False, {"funding": FUNDING}),
    ("count_card", False, {"commit": "redeem", "transfer_limit": 1}),
    ("amount_off", True, {"limits": LIMITS[1:]}),
    ("count_card", True, {"funding": FUNDING, "limits": CHANNEL_LIMITS}),
    ("prepaid_card", True, {"limits": LIMITS[1:]}),
]


def _longer(terms: dict[str, Any]) -> None:
    """A later last day, or more days from the claim."""
    span = terms["validity"]["range"]
    if "days" in span:
        span["days"] += 1
    else:
        span["last_day"] = str(date.fromisoformat(span["last_day"]) + timedelta(days=5))


def _limits(change: int) -> Callable[[dict[str, Any]], None]:
    """Every limit moved, and how often a voucher may be passed on."""

    def move(terms: dict[str, Any]) -> None:
        for limit in terms.get("limits", ()):
            limit["cap"] += change
        if "transfer_limit" in terms:
            terms["transfer_limit"] += change

    return move


def _greater_share(terms: dict[str, Any]) -> None:
    if "basis_points_off" in terms["benefit"]:
        terms["benefit"]["basis_points_off"] += 100


# What somebody may want of terms that are out; not all of it is for the better.
REVISIONS: dict[str, Callable[[dict[str, Any]], None]] = {
    "longer": _longer,
    "higher limits": _limits(2),
    "lower limits": _limits(-1),
    "a greater share": _greater_share,
    "unseen": _limits(1),
}

small = st.integers(0, 11)
several = st.lists(st.integers(0, 40), min_size=1, max_size=3, unique=True)
askers = st.sampled_from([0, 0, 7])
stores = st.integers(501, 502)
CHANNELS = ("pos", "POS", "app", "")
amounts = st.sampled_from([None, None, 1, 333, 1000, 2500])
orders = st.sampled_from(
    [
        Order("O1", (OrderLine("1", "tea", 3, 5_000), OrderLine("2", "milk", 1, 777))),
        Order("O2", (OrderLine("1", "tea", 1, 900),)),
    ]
)


class LedgerLife(RuleBasedStateMachine):
    """Everything that happens between a budget and its last fen, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = MemoryLedger()
        self.auditor = Auditor()
        self.at = NOON
        self.serials: list[int] = []
        self.paper: list[int] = []
        self.redemptions: list[Place] = []
        self.held: list[Place] = []
        self._submit(
            c.OpenBudget(at=NOON, budget_id=1, total_fen=14_000),
            c.OpenBudget(at=NOON, budget_id=2, total_fen=9_000),
        )
        for batch_id, (kind, by_code, parts) in enumerate(BATCHES, 1):
            whole = {"benefit": BENEFITS[kind], "validity": {"range": YEAR_2026}, "price_fen": 100}
            whole |= {"transferable": True, "stack": {"policy": "always"}} | parts
            minted = self._submit(
                c.DefineBatch(
                    at=NOON,
                    batch_id=batch_id,
                    terms=json.dumps(whole).encode(),
                    budget_id=batch_id % 3,
                    by_code=by_code,
                ),
                c.Mint(at=NOON, batch_id=batch_id, quantity=4),
            )[1]
            if by_code:
                first = int(str(minted.data["first_serial"]))
                self.paper += range(first, first + 4)
                self.serials += range(first, first + 4)
                self.issue_by_code(len(self.paper) - 1, 0)
            else:
                self.issue_from_stock(batch_id, 7, False)

    def _submit(self, *commands: c.AnyCommand) -> list[Outcome]:
        states = {serial: row.state for serial, row in self.ledger.tables["vouchers"].items()}
        seen = len(self.ledger.entries)
        outcomes = self.ledger.submit(*commands)
        entries = [entry for _, entry in self.ledger.entries[seen:]]
        for index, (command, outcome) in enumerate(zip(commands, outcomes, strict=True)):
            place = Place((1 << 40) + self.ledger.blocks, index)
            if outcome.done:
                changed = {(one.serial, one.version) for one in outcome.vouchers} | {(0, 0)}
                own = [one for one in entries if (one.serial, one.version) in changed]
                entries = [one for one in entries if (one.serial, one.version) not in changed]
                self.auditor.book(place, command, outcome, own)
                self._learn(place, command, outcome)
            elif len(commands) == 1:
                judge_refusal(self.auditor, command, outcome)
        assert not entries, "entries that belong to no command"
        if len(commands) == 1:
            self._check_states(commands[0], outcomes[0], states)
        return outcomes

    def _check_states(
        self, command: c.AnyCommand, outcome: Outcome, states: dict[int, State]
    ) -> None:
        """No voucher goes where the table of states does not let it."""
        for result in outcome.vouchers:
            before = states.get(result.serial, State.LIVE)
            if command.operation == "release":
                assert result.state == before
            else:
                assert result.state in LIFECYCLE[before][command.operation]

    def _learn(self, place: Place, command: c.AnyCommand, outcome: Outcome) -> None:
        self.serials += [one.serial for one in outcome.vouchers if one.serial not in self.serials]
        if isinstance(command, c.Redeem):
            self.redemptions.append(place)
        if isinstance(command, c.Hold):
            self.held.append(place)

    def _serial(self, pick: int) -> int:
        return self.serials[pick % len(self.serials)]

    def _usable(self, pick: int) -> int:
        """Mostly a voucher that can be used; a high number picks any."""
        rows = self.ledger.tables["vouchers"].values()
        usable = [row.serial for row in rows if row.state in (State.LIVE, State.ISSUED)]
        return usable[pick % len(usable)] if usable and pick < 30 else self._serial(pick)

    def _facts(self, customer_id: int, store_id: int, order: Order | None) -> Facts:
        return Facts(
            store_id=store_id,
            store_path=(1, store_id),
            channel=CHANNELS[(customer_id + store_id) % len(CHANNELS)],
            customer_id=customer_id,
            order=order,
        )

    # Time and supply ------------------------------------------------------------------------------

    @rule(minutes=st.sampled_from([1, 6, 6, 20, 60 * 24, 60 * 24 * 3]))
    def time_passes(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)

    @rule(budget_id=st.integers(1, 2), change=st.sampled_from([-2000, 1000, 2000]))
    def change_budget(self, budget_id: int, change: int) -> None:
        total = self.ledger.tables["budgets"][budget_id].total_fen
        self._submit(
            c.ChangeBudget(
                at=self.at,
                budget_id=budget_id,
                expected_fen=total,
                total_fen=max(0, total + change),
            )
        )

    @rule(batch_id=st.integers(1, 7), paused=st.sampled_from([True, *[False] * 5]))
    def set_batch_state(self, batch_id: int, paused: bool) -> None:
        state = "paused" if paused else "running"
        self._submit(c.SetBatchState(at=self.at, batch_id=batch_id, state=state))

    @rule(batch_id=st.integers(1, 7), change=st.sampled_from(list(REVISIONS)))
    def revise_terms(self, batch_id: int, change: str) -> None:
        batch = self.auditor.batches[batch_id]
        terms = json.loads(json.dumps(batch.terms))
        REVISIONS[change](terms)
        self._submit(
            c.ReviseTerms(
                at=self.at,
                batch_id=batch_id,
                terms=json.dumps(terms).encode(),
                expected_version=batch.revisions + (change == "unseen"),
            )
        )

    # Issue ----------------------------------------------------------------------------------------

    @rule(batch_id=st.integers(1, 4), customer_id=st.integers(6, 9), sell=st.booleans())
    def issue_from_stock(self, batch_id: int, customer_id: int, sell: bool) -> None:
        facts = self._facts(customer_id, 0, None)
        if sell:
            bearer = self._facts(customer_id % 2, 0, None)
            self._submit(
                c.Sell(at=self.at, batch_id=batch_id, facts=bearer, paid_fen=100, payment_no="P")
            )
        else:
            self._submit(c.Claim(at=self.at, batch_id=batch_id, facts=facts))

    @rule(pick=small, customer_id=st.sampled_from([7, 8, 0]))
    def issue_by_code(self, pick: int, customer_id: int) -> None:
        serial = self.paper[pick % len(self.paper)]
        voucher = self.ledger.voucher(serial)
        assert voucher is not None
        issue = {
            "at": self.at,
            "batch_id": voucher.batch_id,
            "serial": serial,
            "facts": self._facts(customer_id, 0, None),
        }
        if pick % 2:
            self._submit(c.Assign(**issue))
        else:
            self._submit(c.Sell(**issue, paid_fen=100, payment_no="P"))

    @rule(pick=small, amount=st.sampled_from([500, 25_000]))
    def top_up(self, pick: int, amount: int) -> None:
        self._submit(
            c.TopUp(
                at=self.at,
                serial=self._usable(pick),
                amount_fen=amount,
                payment_no="P",
                facts=Facts(),
            )
        )

    # Use ------------------------------------------------------------------------------------------

    @rule(picks=several, order=orders, amount=amounts, customer_id=askers, store_id=stores)
    def redeem(self, **asked: Any) -> None:
        self._submit(c.Redeem(**self._use(**asked)))

    @rule(picks=several, order=orders, amount=amounts, customer_id=askers, store_id=stores)
    def hold(self, **asked: Any) -> None:
        until = self.at + timedelta(minutes=15)
        self._submit(c.Hold(**self._use(**asked), expires_at=until))

    def _use(
        self,
        *,
        picks: list[int],
        order: Order,
        amount: int | None,
        customer_id: int,
        store_id: int,
    ) -> dict[str, Any]:
        serials = {self._usable(pick) for pick in picks}
        hand = None if customer_id else 0  # an unknown customer shows what was printed
        uses = tuple(
            c.VoucherUse(serial, amount if self._has_balance(serial) else None, hand=hand)
            for serial in sorted(serials)
        )
        facts = self._facts(customer_id, store_id, order)
        return {"at": self.at, "vouchers": uses, "facts": facts}

    def _has_balance(self, serial: int) -> bool:
        voucher = self.ledger.voucher(serial)
        return voucher is not None and BATCHES[voucher.batch_id - 1][0] in (
            "prepaid_card",
            "cash_in_parts",
        )

    @precondition(lambda self: self.held)
    @rule(pick=small)
    def settle(self, pick: int) -> None:
        place = self.held[-1 - pick % len(self.held)]
        self._submit(c.Redeem(at=self.at, facts=Facts(), hold=place))

    @precondition(lambda self: self.held)
    @rule(pick=small)
    def release(self, pick: int) -> None:
        self._submit(c.Release(at=self.at, hold=self.held[-1 - pick % len(self.held)]))

    @precondition(lambda self: self.redemptions)
    @rule(pick=small, amount=amounts, line=st.sampled_from(["", "", "1", "2"]), one=st.booleans())
    def reverse(self, pick: int, amount: int | None, line: str, one: bool) -> None:
        place = self.redemptions[-1 - pick % len(self.redemptions)]
        results = self.ledger.past[place][1].vouchers
        self._submit(
            c.Reverse(
                at=self.at,
                redemption=place,
                serial=results[pick % len(results)].serial if one else None,
                amount_fen=None if line else amount,
                lines=(c.LineReturn(line, 1),) if line else (),
            )
        )

    # Care -----------------------------------------------------------------------------------------

    @rule(
        pick=st.integers(0, 40),
        verb=st.sampled_from(["freeze", "unfreeze", "unfreeze", "void", "expire", "extend"]),
    )
    def care(self, pick: int, verb: str) -> None:
        voucher = {"at": self.at, "serial": self._serial(pick)}
        commands: dict[str, Any] = {
            "freeze": lambda: c.Freeze(**voucher, reason="lost"),
            "unfreeze": lambda: c.Unfreeze(**voucher),
            "void": lambda: c.Void(**voucher, reason="misprint"),
            "expire": lambda: c.Expire(**voucher),
            "extend": lambda: c.Extend(**voucher, valid_until=self.at + timedelta(days=60)),
        }
        self._submit(commands[verb]())

    @rule(pick=st.integers(0, 40), to=st.integers(6, 9))
    def transfer(self, pick: int, to: int) -> None:
        voucher = self.ledger.voucher(self._usable(pick))
        assert voucher is not None
        holder = voucher.customer_id or 5
        if holder != to:
            self._submit(
                c.Transfer(
                    at=self.at, serial=voucher.serial, from_customer_id=holder, to_customer_id=to
                )
            )

    @rule(pick=st.integers(0, 40), change=st.sampled_from([-1, 1, 2]))
    def adjust(self, pick: int, change: int) -> None:
        serial = self._serial(pick)
        fen = change * 100 if self._has_balance(serial) else 0
        self._submit(
            c.Adjust(
                at=self.at,
                serial=serial,
                balance_fen=fen,
                uses=0 if fen else change,
                reason="count was wrong",
            )
        )

    @rule(pick=small, customer_id=st.integers(6, 9))
    def several_at_once(self, pick: int, customer_id: int) -> None:
        """Two linked claims, a use, and its reversal in the same block."""
        serial = self._usable(pick)
        facts = self._facts(0, 501, Order("O3", (OrderLine("1", "tea", 1, 3_000),)))
        claim = c.Claim(
            at=self.at, link=1, batch_id=1 + pick % 4, facts=self._facts(customer_id, 0, None)
        )
        block = (1 << 40) + self.ledger.blocks + 1
        self._submit(
            claim,
            claim,
            c.Redeem(at=self.at, vouchers=(c.VoucherUse(serial),), facts=facts),
            c.Reverse(at=self.at, redemption=Place(block, 2)),
        )

    @invariant()
    def the_books_agree(self) -> None:
        compare(self.auditor, self.ledger.tables)


TestLedgerLife = LedgerLife.TestCase
# `./dev soak engine` lives thousands of these lives.
TestLedgerLife.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
