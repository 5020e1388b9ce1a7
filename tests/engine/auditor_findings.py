"""What an auditor finds: rows against recomputed books, refusals against their reasons."""

import json
from collections import Counter
from typing import Any

from kaquan.engine.outcomes import Outcome
from tests.engine.audited import AuditedVoucher
from tests.engine.auditor import Auditor

MAY_BE_BELOW_ZERO = {"OUTSIDE", "BATCH_COST", "CARD_ISSUED", "PAYMENT", "CUSTODY"}

MOST_AT_ONCE = 15_000  # what three vouchers can need at most

Tables = dict[str, dict[Any, Any]]


def compare(auditor: Auditor, tables: Tables) -> None:
    """Hold every row of a ledger against what the auditor worked out."""
    _compare_accounts(auditor)
    _compare_budgets(auditor, tables)
    _compare_vouchers(auditor, tables)
    _compare_pieces(auditor)
    limits = {key: used for key, used in auditor.limits.items() if used}
    rows = {
        (key.batch_id, key.dimension, key.subject_id, key.day, key.unit, key.moment): row.used
        for key, row in tables["limits"].items()
        if row.used and key.moment != 3
    }
    assert rows == limits
    passed_on = {serial: one.passed_on for serial, one in auditor.vouchers.items() if one.passed_on}
    assert passed_on == {
        key.subject_id: row.used for key, row in tables["limits"].items() if key.moment == 3
    }
    for batch_id, batch in auditor.batches.items():
        share = tables["slices"][batch_id]
        left = 0 if batch.by_code else batch.minted - batch.handed_out
        assert (share.state, share.minted, share.stock_left) == (batch.state, batch.minted, left)
        assert tables["batches"][batch_id].terms_version == batch.revisions


def _compare_accounts(auditor: Auditor) -> None:
    sums: Counter[str] = Counter()
    for (unit, account, number), balance in auditor.accounts.items():
        sums[unit] += balance
        assert balance >= 0 or account in MAY_BE_BELOW_ZERO, (unit, account, number, balance)
    assert not any(sums.values()), sums
    owed = {store: fen for store, fen in auditor.owed.items() if fen}
    assert owed == _of(auditor, "FEN", "STORE")


def _compare_budgets(auditor: Auditor, tables: Tables) -> None:
    assert set(tables["budgets"]) == set(auditor.totals)
    for budget_id, row in tables["budgets"].items():
        balances = [
            auditor.accounts["FEN", account, budget_id]
            for account in ("BUDGET_AVAILABLE", "BUDGET_COMMITTED", "BUDGET_RELEASED")
        ]
        spent = auditor.spent[budget_id]
        assert [row.available_fen, row.committed_fen, row.released_fen] == balances
        assert (row.total_fen, row.spent_fen) == (auditor.totals[budget_id], spent)
        assert sum(balances) + spent == row.total_fen
        set_aside = [
            auditor.committed[serial]
            for serial, voucher in auditor.vouchers.items()
            if voucher.batch.budget_id == budget_id
        ]
        assert sum(set_aside) == row.committed_fen


def _compare_vouchers(auditor: Auditor, tables: Tables) -> None:
    assert set(tables["vouchers"]) == set(auditor.vouchers)
    for serial, row in tables["vouchers"].items():
        mine = auditor.vouchers[serial]
        assert (row.state.name, row.customer_id, row.version, row.holds) == (
            mine.state,
            mine.customer_id,
            mine.version,
            len(mine.holds),
        )
        assert (row.balance_fen, row.uses_left) == (mine.balance, mine.uses)
        assert row.committed_fen == auditor.committed[serial]
        active = {part.hold for part in tables["held"].get(serial, ()) if part.state == "active"}
        assert active == set(mine.holds)
        if mine.batch.kind == "prepaid_card":
            held = sum(use.result.balance_used_fen for use in mine.holds.values())
            assert auditor.accounts["FEN", "CARD", serial] == mine.balance
            assert auditor.accounts["FEN", "CARD_HELD", serial] == held
        if mine.batch.kind == "count_card":
            held = sum(use.result.uses_used for use in mine.holds.values())
            assert auditor.accounts["USE", "USES", serial] == mine.uses
            assert auditor.accounts["USE", "USES_HELD", serial] == held


def _compare_pieces(auditor: Auditor) -> None:
    stock = Counter({batch_id: batch.minted for batch_id, batch in auditor.batches.items()})
    holders: Counter[int] = Counter()
    frozen: Counter[int] = Counter()
    ended: Counter[int] = Counter()
    for voucher in auditor.vouchers.values():
        if voucher.state in ("EXPIRED", "VOID"):
            where, number = ended, voucher.batch_id
        elif voucher.state.startswith("FROZEN"):
            where, number = frozen, voucher.batch_id
        elif voucher.in_hand:
            where, number = holders, voucher.customer_id
        else:
            continue
        where[number] += 1
        stock[voucher.batch_id] -= 1
    for account, expected in (
        ("STOCK", stock),
        ("HOLDER", holders),
        ("FROZEN", frozen),
        ("ENDED", ended),
    ):
        assert _of(auditor, "PIECE", account) == {k: n for k, n in expected.items() if n}, account


def _of(auditor: Auditor, unit: str, account: str) -> dict[int, int]:
    """The balances of all accounts of a kind that are not zero."""
    return {
        number: balance
        for (its_unit, its_account, number), balance in auditor.accounts.items()
        if (its_unit, its_account) == (unit, account) and balance
    }


def _names_another_hand(auditor: Auditor, command: Any) -> bool:
    return any(
        use.hand is not None and use.hand != auditor.vouchers[use.serial].passed_on
        for use in command.vouchers
        if use.serial in auditor.vouchers
    )


def judge_refusal(auditor: Auditor, command: Any, outcome: Outcome) -> None:
    """A refusal must be true; those whose truth the auditor can tell are checked."""
    serials = _serials(auditor, command)
    named = [auditor.vouchers[one] for one in serials if one in auditor.vouchers]
    states = {voucher.state for voucher in named}
    match outcome.code.name:
        case "VOUCHER_USED":
            assert "USED" in states or _nothing_left(named), named
        case "VOUCHER_VOID" | "VOUCHER_FROZEN":
            wanted = outcome.code.name.removeprefix("VOUCHER_")
            assert any(state.startswith(wanted) for state in states)
        case "VOUCHER_HELD":
            assert any(voucher.holds for voucher in named)
        case "VOUCHER_NOT_YOURS":
            assert any(voucher.in_hand for voucher in named)
        case "CODE_PASSED_ON":
            assert _names_another_hand(auditor, command)
        case "VOUCHER_EXPIRED" if named:
            assert "EXPIRED" in states or any(one.over(command.at) for one in named)
        case "BATCH_PAUSED" | "BATCH_STOPPED":
            wanted = outcome.code.name.removeprefix("BATCH_").lower()
            assert wanted in {batch.state for batch in auditor.batches.values()}
        case "TERMS_CHANGED" | "TERMS_NOT_BETTER":
            batch = auditor.batches[command.batch_id]
            is_better = batch.is_no_worse(json.loads(command.terms), command.at)
            assert is_better == (outcome.code.name == "TERMS_CHANGED")
            assert not is_better or batch.revisions != command.expected_version
        case "STOCK_EXHAUSTED":
            batch = auditor.batches[command.batch_id]
            assert batch.handed_out == batch.minted
        case "BUDGET_EXHAUSTED":
            left = [auditor.accounts["FEN", "BUDGET_AVAILABLE", one] for one in auditor.totals]
            assert any(fen < MOST_AT_ONCE for fen in left)
        case "ALREADY_REVERSED":
            uses = [use for (place, _), use in auditor.uses.items() if place == command.redemption]
            assert any(use.complete for use in uses)


def _serials(auditor: Auditor, command: Any) -> list[int]:
    if getattr(command, "hold", None) is not None:
        return [serial for place, serial in auditor.uses if place == command.hold]
    if hasattr(command, "vouchers"):
        return [use.serial for use in command.vouchers]
    serial = getattr(command, "serial", None)
    return [] if serial is None else [serial]


def _nothing_left(vouchers: list[AuditedVoucher]) -> bool:
    return any(voucher.balance == 0 and voucher.uses == 0 for voucher in vouchers)
