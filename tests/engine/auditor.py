"""An auditor who trusts nobody: it recomputes the books from commands, answers and entries alone.

It shares no rule with the engine. It reads terms as plain JSON, keeps its own idea of every
voucher, limit, hold and redemption, and sums every account from the entries.
"""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from kaquan.engine.commands import AnyCommand
from kaquan.engine.entries import Entry
from kaquan.engine.outcomes import Outcome, VoucherResult
from kaquan.engine.places import Place
from tests.engine.audited import (
    DIMENSIONS,
    FUNDER,
    SHANGHAI,
    AuditedBatch,
    AuditedUse,
    AuditedVoucher,
    Key,
    channel_number,
    check_benefit,
    revise,
)

STATES = ("INACTIVE", "LIVE", "ISSUED", "USED", "FROZEN_LIVE", "FROZEN_ISSUED", "EXPIRED", "VOID")


class Step(NamedTuple):
    """One command that happened, and where it stands."""

    place: Place
    command: Any
    outcome: Outcome


class Auditor:
    """Follows a ledger command by command."""

    def __init__(self) -> None:
        self.accounts: Counter[tuple[str, str, int]] = Counter()
        self.committed: Counter[int] = Counter()
        self.totals: dict[int, int] = {}
        self.spent: Counter[int] = Counter()
        self.owed: Counter[int] = Counter()
        self.batches: dict[int, AuditedBatch] = {}
        self.vouchers: dict[int, AuditedVoucher] = {}
        self.limits: Counter[Key] = Counter()
        self.uses: dict[tuple[Place, int], AuditedUse] = {}

    def book(
        self, place: Place, command: AnyCommand, outcome: Outcome, entries: Iterable[Entry]
    ) -> None:
        """Follow one command that happened."""
        for entry in entries:
            self._post(entry)
        self._give_back_lapsed(command, outcome)
        getattr(self, f"_{command.operation}")(Step(place, command, outcome))
        for result in outcome.vouchers:
            self._check_image(result)

    def _post(self, entry: Entry) -> None:
        assert entry.amount > 0, entry
        unit = entry.unit.name
        self.accounts[unit, entry.debit.name, entry.debit_id] -= entry.amount
        self.accounts[unit, entry.credit.name, entry.credit_id] += entry.amount
        for account, sign in ((entry.debit, -1), (entry.credit, 1)):
            if account.name == "BUDGET_COMMITTED":
                self.committed[entry.serial] += sign * entry.amount

    def _check_image(self, result: VoucherResult) -> None:
        """What the answer says a voucher is, against what it must be."""
        mine = self.vouchers[result.serial]
        mine.version += 1
        assert (
            result.version,
            STATES[result.state],
            result.customer_id,
            result.balance_fen,
            result.uses_left,
            result.holds,
            result.committed_fen,
            result.hand,
        ) == (
            mine.version,
            mine.state,
            mine.customer_id,
            mine.balance,
            mine.uses,
            len(mine.holds),
            self.committed[result.serial],
            mine.passed_on,
        ), (result, mine)

    def _voucher(self, result: VoucherResult) -> AuditedVoucher:
        if result.serial not in self.vouchers:
            batch = self.batches[result.batch_id]
            window = batch.window(None)
            self.vouchers[result.serial] = AuditedVoucher(
                batch, result.batch_id, *batch.fresh(), window=window
            )
        return self.vouchers[result.serial]

    # Supply ---------------------------------------------------------------------------------------

    def _open_budget(self, step: Step) -> None:
        assert step.command.budget_id not in self.totals
        self.totals[step.command.budget_id] = step.command.total_fen

    def _change_budget(self, step: Step) -> None:
        assert self.totals[step.command.budget_id] == step.command.expected_fen
        self.totals[step.command.budget_id] = step.command.total_fen

    def _define_batch(self, step: Step) -> None:
        terms = json.loads(step.command.terms)
        self.batches[step.command.batch_id] = AuditedBatch(
            terms, step.command.budget_id, step.command.by_code
        )

    def _revise_terms(self, step: Step) -> None:
        revise(self.batches[step.command.batch_id], self.vouchers.values(), step.command)

    def _mint(self, step: Step) -> None:
        batch = self.batches[step.command.batch_id]
        assert batch.state != "stopped"
        batch.minted += step.command.quantity

    def _set_batch_state(self, step: Step) -> None:
        assert self.batches[step.command.batch_id].state != "stopped"
        self.batches[step.command.batch_id].state = step.command.state

    # Issue ----------------------------------------------------------------------------------------

    def _claim(self, step: Step) -> None:
        (result,) = step.outcome.vouchers
        batch, customer_id = self.batches[step.command.batch_id], step.command.facts.customer_id
        voucher = self._voucher(result)
        assert batch.state == "running"
        assert voucher.state == "LIVE"
        assert not voucher.holds
        assert step.command.serial in (None, result.serial)
        if step.command.serial is None:
            assert voucher.version == 0, "a serial of the stock was handed out twice"
            batch.handed_out += 1
            assert batch.handed_out <= batch.minted
        voucher.state, voucher.customer_id, voucher.in_hand = "ISSUED", customer_id, True
        voucher.window = voucher.window or batch.window(step.command.at)
        assert not voucher.over(step.command.at)
        if batch.kind == "prepaid_card":
            voucher.balance += (
                getattr(step.command, "face_fen", None) or (batch.terms["benefit"]["face_fen"])
            )
            assert voucher.balance <= batch.terms["benefit"]["max_balance_fen"]
        if batch.budget_id:
            wanted = batch.set_aside(voucher.balance, voucher.uses)
            assert self.committed[result.serial] >= wanted
        self._count(step.command.batch_id, step.command, customer_id, uses=1, fen=0)

    _assign = _claim
    _sell = _claim

    def _top_up(self, step: Step) -> None:
        voucher = self._voucher(step.outcome.vouchers[0])
        assert voucher.state in ("LIVE", "ISSUED")
        voucher.balance += step.command.amount_fen
        assert voucher.balance <= voucher.batch.terms["benefit"]["max_balance_fen"]

    # Use ------------------------------------------------------------------------------------------

    def _redeem(self, step: Step) -> None:
        if step.command.hold is not None:
            self._settle(step)
            return
        self._take(step)
        for result in step.outcome.vouchers:
            self._finish(result, step.command.facts.store_id)

    def _hold(self, step: Step) -> None:
        self._take(step)
        for result in step.outcome.vouchers:
            self.vouchers[result.serial].holds[step.place] = self.uses[step.place, result.serial]

    def _take(self, step: Step) -> None:
        asked = {use.serial: use for use in step.command.vouchers}
        assert {result.serial for result in step.outcome.vouchers} == set(asked)
        lines = step.command.facts.order.lines if step.command.facts.order else ()
        for index, line in enumerate(lines):
            taken = sum(result.allocation[index] for result in step.outcome.vouchers)
            assert 0 <= taken <= line.amount_fen - line.discount_fen
        for result in step.outcome.vouchers:
            voucher, use = self._voucher(result), asked[result.serial]
            assert use.hand in (None, voucher.passed_on)
            assert voucher.batch.state != "paused"
            assert voucher.state in ("LIVE", "ISSUED"), voucher
            assert voucher.window is not None
            assert voucher.window[0] <= step.command.at < voucher.window[1]
            asker_id = step.command.facts.customer_id
            assert asker_id in (0, voucher.customer_id) or not voucher.customer_id
            check_benefit(voucher, use, result, lines, alone=len(asked) == 1)
            voucher.uses -= result.uses_used
            voucher.balance -= result.balance_used_fen
            assert voucher.uses >= 0
            assert voucher.balance >= 0
            uses, fen = result.uses_used or 1, result.discount_fen
            holder = voucher.customer_id or step.command.facts.customer_id
            keys = self._count(result.batch_id, step.command, holder, uses=uses, fen=fen)
            self.uses[step.place, result.serial] = AuditedUse(result, step.command, keys)
            self._count_funders(voucher, result.funding, 1)

    def _settle(self, step: Step) -> None:
        held = [
            self.vouchers[result.serial].holds[step.command.hold]
            for result in step.outcome.vouchers
        ]
        for result, use in zip(step.outcome.vouchers, held, strict=True):
            assert step.command.at < use.command.expires_at  # type: ignore[union-attr]
            voucher = self.vouchers[result.serial]
            assert voucher.state in ("LIVE", "ISSUED")
            assert (result.discount_fen, result.funding) == (
                use.result.discount_fen,
                use.result.funding,
            )
            del voucher.holds[step.command.hold]
            self.uses[step.place, result.serial] = use
            self._finish(result, use.command.facts.store_id)  # type: ignore[union-attr]

    def _finish(self, result: VoucherResult, store_id: int) -> None:
        voucher = self.vouchers[result.serial]
        cost = sum(fen for _, fen in result.funding)
        if voucher.batch.kind == "prepaid_card":
            self.owed[store_id] += result.discount_fen
        self.owed[store_id] += cost
        if voucher.batch.budget_id:
            self.spent[voucher.batch.budget_id] += cost
        if not voucher.holds and voucher.uses == 0 and voucher.balance == 0:
            again = voucher.batch.terms["benefit"].get("reloadable")
            voucher.state = voucher.state if again else "USED"

    def _release(self, step: Step) -> None:
        for result in step.outcome.vouchers:
            self._return_hold(self.vouchers[result.serial], step.command.hold)

    def _give_back_lapsed(self, command: Any, outcome: Outcome) -> None:
        if command.operation == "release":
            return
        for result in outcome.vouchers:
            voucher = self._voucher(result)
            for hold, use in list(voucher.holds.items()):
                if use.command.expires_at <= command.at:  # type: ignore[union-attr]
                    self._return_hold(voucher, hold)

    def _return_hold(self, voucher: AuditedVoucher, hold: Place) -> None:
        use = voucher.holds.pop(hold)
        voucher.uses += use.result.uses_used
        voucher.balance += use.result.balance_used_fen
        for key, amount, _ in use.keys:
            self.limits[key] -= amount
        self._count_funders(voucher, use.result.funding, -1)

    # Reverse --------------------------------------------------------------------------------------

    def _reverse(self, step: Step) -> None:
        for result in step.outcome.vouchers:
            use = self.uses[step.command.redemption, result.serial]
            assert not use.complete
            back = -result.discount_fen
            left = use.result.discount_fen - use.back_fen
            whole = step.command.amount_fen is None and not step.command.lines
            assert back == (
                left if whole else back if step.command.lines else step.command.amount_fen
            )
            assert 0 <= back <= left
            use.back_fen += back
            use.complete = use.back_fen == use.result.discount_fen
            self._bring_back(step.command, result, use, back)

    def _bring_back(self, command: Any, result: VoucherResult, use: AuditedUse, back: int) -> None:
        voucher = self.vouchers[result.serial]
        prepaid = voucher.batch.kind == "prepaid_card"
        alive = voucher.state not in ("EXPIRED", "VOID") and not voucher.over(command.at)
        onto_it = prepaid or alive
        uses = use.result.uses_used if use.complete and onto_it else 0
        balance = back if onto_it and voucher.batch.kind in ("prepaid_card", "cash_in_parts") else 0
        voucher.uses += uses
        voucher.balance += balance
        if voucher.state == "USED" and (uses or balance) and alive:
            voucher.state = "ISSUED" if voucher.in_hand else "LIVE"
        elif voucher.state == "USED" and (uses or balance or use.complete):
            voucher.state = "EXPIRED"
        cost = -sum(fen for _, fen in result.funding)
        store_id = use.command.facts.store_id  # type: ignore[union-attr]
        self.owed[store_id] -= cost + (back if prepaid else 0)
        if voucher.batch.budget_id:
            self.spent[voucher.batch.budget_id] -= cost
        for key, amount, unit in use.keys:
            self.limits[key] -= back if unit == "fen" else amount if use.complete else 0
        self._count_funders(voucher, result.funding, 1)

    # Care -----------------------------------------------------------------------------------------

    def _transfer(self, step: Step) -> None:
        voucher = self.vouchers[step.command.serial]
        assert (voucher.state, voucher.customer_id) == ("ISSUED", step.command.from_customer_id)
        voucher.customer_id = step.command.to_customer_id
        voucher.passed_on += 1
        assert voucher.passed_on <= voucher.batch.terms.get("transfer_limit", 10**9)

    def _extend(self, step: Step) -> None:
        voucher = self._voucher(step.outcome.vouchers[0])
        assert voucher.window is not None
        assert step.command.valid_until > voucher.window[1]
        voucher.window = (voucher.window[0], step.command.valid_until)
        if voucher.state == "EXPIRED":
            voucher.state = "ISSUED" if voucher.in_hand else "LIVE"

    def _freeze(self, step: Step) -> None:
        voucher = self._voucher(step.outcome.vouchers[0])
        assert voucher.state in ("LIVE", "ISSUED")
        voucher.state = f"FROZEN_{voucher.state}"

    def _unfreeze(self, step: Step) -> None:
        voucher = self.vouchers[step.command.serial]
        assert voucher.state.startswith("FROZEN_")
        voucher.state = voucher.state.removeprefix("FROZEN_")

    def _void(self, step: Step) -> None:
        voucher = self._voucher(step.outcome.vouchers[0])
        assert voucher.state not in ("USED", "VOID")
        assert not voucher.holds
        voucher.state = "VOID"
        if voucher.batch.kind == "prepaid_card":
            voucher.balance = 0

    def _expire(self, step: Step) -> None:
        voucher = self._voucher(step.outcome.vouchers[0])
        assert voucher.over(step.command.at)
        assert voucher.state not in ("USED", "VOID", "EXPIRED")
        voucher.state = "EXPIRED"

    def _adjust(self, step: Step) -> None:
        voucher = self._voucher(step.outcome.vouchers[0])
        voucher.balance += step.command.balance_fen
        voucher.uses += step.command.uses

    def _book_loss(self, step: Step) -> None:
        voucher = self._voucher(step.outcome.vouchers[0])
        assert voucher.state != "INACTIVE"
        self.owed[step.command.facts.store_id] += step.command.amount_fen

    # Limits ---------------------------------------------------------------------------------------

    def _count(
        self, batch_id: int, command: Any, customer_id: int, *, uses: int, fen: int
    ) -> list[tuple[Key, int, str]]:
        """Count a claim or use towards every limit of the terms, none of which may overflow."""
        moved = []
        facts, moment = command.facts, "claim" if hasattr(command, "batch_id") else "redeem"
        subjects = {"customer": customer_id, "person": facts.person_id, "store": facts.store_id}
        subjects["channel"] = channel_number(facts.channel)
        for limit in self.batches[batch_id].terms.get("limits", ()):
            if limit["at"] != moment:
                continue
            named = [one.lower() for one in limit.get("channels", ())]
            if named and facts.channel.lower() not in named:
                continue
            unit, dimension = limit.get("unit", "uses"), limit["dimension"]
            day = (command.at.astimezone(SHANGHAI).date() - date(1970, 1, 1)).days
            key = (
                batch_id,
                DIMENSIONS[dimension],
                subjects.get(dimension, 0),
                day if limit.get("period") == "day" else 0,
                1 if unit == "uses" else 2,
                1 if moment == "claim" else 2,
            )
            amount = uses if unit == "uses" else fen
            self.limits[key] += amount
            assert self.limits[key] <= limit["cap"], (key, limit)
            moved.append((key, amount, unit))
        return moved

    def _count_funders(
        self, voucher: AuditedVoucher, funding: Iterable[tuple[int, int]], sign: int
    ) -> None:
        """Count what funders who pay up to a total have borne."""
        caps = {
            share["funder_id"]: share["cap_fen"]
            for share in voucher.batch.terms.get("funding", ())
            if share["kind"] == "first_to_cap"
        }
        for funder, fen in funding:
            if funder in caps:
                key = (voucher.batch_id, FUNDER, funder, 0, 2, 2)
                self.limits[key] += sign * fen
                assert 0 <= self.limits[key] <= caps[funder]
