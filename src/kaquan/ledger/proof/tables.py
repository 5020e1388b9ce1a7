"""Fourth stage: each table of the ledger against what the records promise, then the equations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import psycopg

from kaquan.engine.custody import ACCOUNTS as PAPER_ACCOUNTS
from kaquan.engine.entries import OPERATION_NUMBER, Account, Unit
from kaquan.engine.footprint import FUNDER
from kaquan.engine.rules.check import Dimension
from kaquan.engine.shards import SHARD_KEYS_64
from kaquan.ledger.catalogue import HOME_SHARD
from kaquan.ledger.proof.blocks import key_of
from kaquan.ledger.proof.evidence import Evidence
from kaquan.ledger.proof.faults import Faults
from kaquan.ledger.statements import statements_of

Connection = psycopg.Connection[Any]
Row = dict[str, Any]


class Comparison(NamedTuple):
    """A table of the ledger, its key, and the columns that the records decide."""

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    found: str = ""

    @property
    def table(self) -> str:
        """The table's name."""
        return f"ledger_{self.name}"


class Equation(NamedTuple):
    """Something that must hold between tables; the query finds what breaks it."""

    name: str
    table: str
    zh: str
    en: str


COMPARISONS = (
    Comparison(
        "batch",
        ("batch_id", "shard"),
        ("offer_version_id", "budget_id", "by_code", "active", "terms"),
    ),
    Comparison("terms", ("batch_id", "number", "shard"), ("offer_version_id", "terms")),
    Comparison(
        "slice",
        ("batch_id", "shard"),
        ("state", "minted", "stock_left", "custody_version", "cursor"),
    ),
    Comparison(
        "custody", ("serial", "batch_id", "organisation_id", "shard"), ("step",), "find_custody"
    ),
    Comparison("serial", ("shard",), ("next_serial",)),
    Comparison(
        "voucher",
        ("serial", "shard"),
        (
            *("batch_id", "state", "customer_id", "balance_fen", "uses_left", "committed_fen"),
            *("holds", "valid_from", "valid_until", "version", "last_block", "last_index", "hand"),
        ),
    ),
    Comparison(
        "budget",
        ("budget_id", "shard"),
        ("total_fen", "available_fen", "committed_fen", "spent_fen", "released_fen"),
    ),
    Comparison(
        "limit",
        ("subject_id", "batch_id", "day", "shard", "dimension", "unit", "moment"),
        ("used", "cap"),
    ),
    Comparison("hold", ("serial", "hold_block", "hold_index", "shard"), ("expires_at", "state")),
    Comparison(
        "reversed",
        ("serial", "redemption_block", "redemption_index", "shard"),
        ("amount_fen", "uses", "by_line"),
    ),
    Comparison("request", ("key_high", "key_low", "shard"), ("block", "index")),
)

EQUATIONS = (
    Equation("trial_balance", "ledger_entry", "借贷不平", "debits and credits do not balance"),
    Equation("below_zero", "ledger_entry", "科目余额为负", "an account is below zero"),
    Equation("serials_overlap", "ledger_custody", "序号重复制券", "serials were minted twice"),
    Equation(
        "minted",
        "ledger_slice",
        "制券数 ≠ 未动 + 已动",
        "minted is not untouched plus touched",
    ),
    Equation(
        "out_of_custody", "ledger_voucher", "不在本批次的序号段内", "is no serial of its batch"
    ),
    Equation(
        "own_balances",
        "ledger_voucher",
        "余额（次数）与分录不符",
        "its balance or uses are not what the entries leave",
    ),
    Equation(
        "held_balances",
        "ledger_voucher",
        "没有预占，却有预占余额",
        "the entries hold something back though there is no hold",
    ),
    Equation(
        "committed",
        "ledger_budget",
        "各券占用之和与预算占用不符",
        "what is committed is not the sum over its vouchers",
    ),
    Equation("pieces", "ledger_entry", "券的件数与状态不符", "pieces are not where states say"),
    Equation(
        "custody_pieces", "ledger_custody", "保管件数与分录不符", "custody is not what was allotted"
    ),
    Equation(
        "paper_pieces",
        "ledger_custody",
        "纸券件数与分录不符",
        "paper is not where entries moved it",
    ),
    Equation(
        "paper_moves", "ledger_entry", "纸券分录与指令不符", "paper was not moved as was asked"
    ),
    Equation("pool_codes", "ledger_pool_code", "外部券码对不上券", "a pool's code fits no voucher"),
    Equation("cursors", "ledger_cursor", "游标超出账道", "a cursor is beyond its lane"),
)

_NEVER_NEGATIVE = (
    *(Account.BUDGET_AVAILABLE, Account.BUDGET_COMMITTED, Account.BUDGET_RELEASED),
    *(Account.STORE, Account.CARD, Account.CARD_HELD, Account.USES, Account.USES_HELD),
    *(Account.STOCK, Account.HOLDER, Account.ENDED, Account.FROZEN),
    *(account for piece, account in PAPER_ACCOUNTS.items() if piece),
)
_BUDGET = (Account.BUDGET_AVAILABLE, Account.BUDGET_COMMITTED, Account.BUDGET_RELEASED)
_PARAMETERS: Row = {
    **{account.name.lower(): int(account) for account in Account},
    **{unit.name.lower(): int(unit) for unit in Unit},
    "home": HOME_SHARD,
    "move_pieces": OPERATION_NUMBER["move_pieces"],
    "funder": FUNDER,
    "channel": int(Dimension.CHANNEL),
    "shard_keys": list(SHARD_KEYS_64),
    "budget_accounts": list(map(int, _BUDGET)),
    "never_negative": list(map(int, _NEVER_NEGATIVE)),
}

Step = Callable[[int, int], None]


def check_tables(
    connection: Connection, evidence: Evidence, faults: Faults, progress: Step
) -> None:
    """Compare, then check the equations; ``progress`` is told (steps done, of how many)."""
    steps: Sequence[Callable[[], None]] = (
        lambda: _check_lives(connection, faults),
        lambda: _run(connection, "flows"),
        *[_comparing(connection, comparison, faults) for comparison in COMPARISONS[:1]],
        evidence.add_terms,
        *[_comparing(connection, comparison, faults) for comparison in COMPARISONS[1:]],
        *[_solving(connection, equation, faults) for equation in EQUATIONS],
    )
    for number, step in enumerate(steps):
        progress(number, len(steps))
        if not faults.full:
            step()
    progress(len(steps), len(steps))


def _run(connection: Connection, name: str) -> None:
    connection.execute(statements_of("proof.sql")[name])


def _ask(connection: Connection, query: str, faults: Faults) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode(), {**_PARAMETERS, "room": faults.room}).fetchall()


def _check_lives(connection: Connection, faults: Faults) -> None:
    query = statements_of("proof.sql")["broken_lives"]
    for serial, version, block, index in _ask(connection, query, faults):
        faults.add(
            "ledger_block",
            f"{key_of(block)} index {index} serial {serial} version {version}",
            "不是接着这张券的上一次变动",
            "does not follow from the voucher's change before it",
        )


def _comparing(
    connection: Connection, comparison: Comparison, faults: Faults
) -> Callable[[], None]:
    return lambda: _compare(connection, comparison, faults)


def _solving(connection: Connection, equation: Equation, faults: Faults) -> Callable[[], None]:
    def solve() -> None:
        query = statements_of("proof.sql")[equation.name]
        for key, expected, found in _ask(connection, query, faults):
            faults.add(
                equation.table, key, equation.zh, equation.en, expected=expected, found=found
            )

    return solve


def _compare(connection: Connection, comparison: Comparison, faults: Faults) -> None:
    queries = statements_of("proof.sql")
    key, columns = ", ".join(comparison.key), comparison.columns
    expected = queries[f"expect_{comparison.name}"]
    found = queries.get(comparison.found) or (
        f"SELECT {key}, {', '.join(map(_as_compared, columns))} "  # noqa: S608  # names of ours
        f"FROM {comparison.table}"
    )
    left, right = (", ".join(f"{side}.{column}" for column in columns) for side in "ef")
    query = (
        f"SELECT to_jsonb(e), to_jsonb(f) FROM ({expected}) AS e "  # noqa: S608  # names of ours
        f"FULL JOIN ({found}) AS f USING ({key}) "
        f"WHERE e.{comparison.key[0]} IS NULL OR f.{comparison.key[0]} IS NULL "
        f"OR ROW({left}) IS DISTINCT FROM ROW({right}) ORDER BY {key} LIMIT %(room)s"
    )
    for expected_row, found_row in _ask(connection, query, faults):
        _tell(comparison, expected_row, found_row, faults)


def _as_compared(column: str) -> str:
    return "by_line::text" if column == "by_line" else column


def _tell(comparison: Comparison, expected: Row | None, found: Row | None, faults: Faults) -> None:
    row = found or expected or {}
    key = " ".join(f"{name}={row[name]}" for name in comparison.key)
    if expected is None or found is None:
        zh, en = ("缺少一行", "is missing") if found is None else ("多出一行", "is one too many")
        faults.add(comparison.table, key, zh, en, expected=_row(expected), found=_row(found))
        return
    wrong = [name for name in comparison.columns if expected[name] != found[name]]
    faults.add(
        comparison.table,
        key,
        "与账块所记不符",
        "is not what the blocks say",
        expected=_row({name: expected[name] for name in wrong}),
        found=_row({name: found[name] for name in wrong}),
    )


def _row(row: Row | None) -> str:
    return "" if row is None else " ".join(f"{name}={value}" for name, value in row.items())
