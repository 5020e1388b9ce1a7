"""Offers for tests, one of every kind, and ways to write orders and answers as one line of text."""

from __future__ import annotations

import json
import os
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from kaquan.engine.facts import Facts, Order, OrderLine
from kaquan.engine.money import MoneyFault, parse_yuan
from kaquan.engine.outcomes import Refusal
from kaquan.engine.rules.benefits import Benefit
from kaquan.engine.rules.check import Rules, compile_terms
from kaquan.engine.rules.reading import read_terms
from kaquan.engine.rules.terms import Terms

GOLDEN = Path(__file__).parent / "golden"

SHANGHAI = ZoneInfo("Asia/Shanghai")

WEDNESDAY_NOON = datetime(2026, 10, 14, 12, tzinfo=SHANGHAI)

THIS_YEAR = {"range": {"kind": "fixed_range", "first_day": "2026-01-01", "last_day": "2026-12-31"}}

BENEFITS: dict[str, dict[str, Any]] = {
    "amount_off": {"kind": "amount_off", "amount_fen": 2000},
    "percent_off": {"kind": "percent_off", "basis_points_off": 1500, "cap_fen": 3000},
    "cash_voucher": {"kind": "cash_voucher", "face_fen": 5000},
    "cash_in_parts": {"kind": "cash_voucher", "face_fen": 5000, "allow_partial": True},
    "exchange": {
        "kind": "exchange",
        "goods": {"skus": ["latte"], "categories": ["tea"]},
        "value_cap_fen": 4000,
    },
    "prepaid_card": {
        "kind": "prepaid_card",
        "face_fen": 20000,
        "max_balance_fen": 100000,
        "reloadable": True,
        "minimum_top_up_fen": 5000,
    },
    "count_card": {
        "kind": "count_card",
        "uses": 10,
        "value_per_use_fen": 2000,
        "covers_up_to_fen": 3500,
    },
    "free_unit": {"kind": "free_unit", "quantity_buy": 2, "value_cap_fen": 3000},
}


def offer(benefit: str | dict[str, Any] = "amount_off", **fields: Any) -> dict[str, Any]:
    """Terms as JSON: a benefit by name or in full, valid this year, and whatever else is given."""
    given = BENEFITS[benefit] if isinstance(benefit, str) else benefit
    return {"benefit": given, "validity": THIS_YEAR, **fields}


def the_terms(benefit: str | dict[str, Any] = "amount_off", **fields: Any) -> Terms:
    """The same, read."""
    terms = read_terms(offer(benefit, **fields))
    assert isinstance(terms, Terms), terms
    return terms


def the_rules(benefit: str | dict[str, Any] = "amount_off", **fields: Any) -> Rules:
    """The same, compiled."""
    return compile_terms(the_terms(benefit, **fields))


def fen(text: str) -> int:
    """An amount in yuan as fen."""
    amount = parse_yuan(text)
    assert not isinstance(amount, MoneyFault), text
    return amount


LINE = re.compile(
    r"(?P<sku>\w+)(\*(?P<quantity>\d+))? "
    r"(?P<amount>[\d.]+)(-(?P<discount>[\d.]+))?(?P<tags>( #\w+)*)"
)


def order(text: str) -> Order | None:
    """``latte*2 60.00-5.00 #drink; tea 20.00``: SKU, quantity, amount, discount, categories."""
    if not text:
        return None
    lines = []
    for number, part in enumerate(text.split(";"), 1):
        match = LINE.fullmatch(part.strip())
        assert match, part
        lines.append(
            OrderLine(
                str(number),
                match["sku"],
                int(match["quantity"] or 1),
                fen(match["amount"]),
                fen(match["discount"] or "0"),
                tuple(tag.removeprefix("#") for tag in match["tags"].split()),
            )
        )
    return Order("T1", tuple(lines))


def facts(order_text: str = "", **fields: Any) -> Facts:
    """A member at a till in store 77, below city 12 and province 3."""
    known = {
        "store_id": 77,
        "store_path": (1, 3, 12, 77),
        "channel": "pos",
        "terminal_kind": "till",
        "customer_id": 9,
        "person_id": 5,
    }
    return Facts(order=order(order_text), **{**known, **fields})


def yuan(amount_fen: int) -> str:
    """Fen as plain yuan, two decimals."""
    return f"{amount_fen // 100}.{amount_fen % 100:02}"


def told(answer: Benefit | Refusal | None) -> str:
    """An answer as text: ``20.00 = 12.00 + 8.00`` and what left the voucher, or a refusal."""
    if answer is None:
        return "fine"
    if isinstance(answer, Refusal):
        data = [f"{key}={_told_value(key, value)}" for key, value in sorted(answer.data.items())]
        return " ".join([answer.code.name, *data])
    text = yuan(answer.discount_fen)
    if answer.allocation:
        text += " = " + " + ".join(yuan(part) for part in answer.allocation)
    if answer.balance_used_fen:
        text += f", balance {yuan(answer.balance_used_fen)}"
    if answer.uses_used > 1:
        text += f", uses {answer.uses_used}"
    if answer.value_fen != answer.discount_fen:
        text += f", value {yuan(answer.value_fen)}"
    return text


def _told_value(key: str, value: int | str | list[str]) -> str:
    if key.endswith("_fen"):
        assert isinstance(value, int)
        return yuan(value)
    return ",".join(value) if isinstance(value, list) else str(value)


def rows(table: str) -> list[list[str]]:
    """The cells of an aligned table; the first line is its heading, ``--`` starts a remark."""
    lines = [line.split("--")[0] for line in table.strip().splitlines()]
    cells = [[cell.strip() for cell in line.split("|")] for line in lines if line.strip()]
    assert all(len(one) == len(cells[0]) for one in cells), cells
    return cells[1:]


def as_json(text: str) -> Any:
    """JSON in a cell; an empty cell is an empty object."""
    return json.loads(text or "{}")


def as_golden(name: str, text: str) -> str:
    """The golden text of that name, after writing it where asked to."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return path.read_text(encoding="utf-8")
