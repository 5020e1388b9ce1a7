"""Terms that may take the place of others on issued vouchers: for each field, what is no worse."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kaquan.engine.favourable import FIELDS, favourable
from kaquan.engine.rules.reading import read_terms
from kaquan.engine.rules.terms import Terms

RANGE = {"kind": "fixed_range", "first_day": "2026-03-01", "last_day": "2026-06-30"}
BENEFITS: dict[str, dict[str, Any]] = {
    "amount_off": {"kind": "amount_off", "amount_fen": 2_000},
    "percent_off": {"kind": "percent_off", "basis_points_off": 2_000, "cap_fen": 5_000},
    "cash_voucher": {"kind": "cash_voucher", "face_fen": 5_000},
    "exchange": {
        "kind": "exchange",
        "goods": {"skus": ["A"]},
        "quantity": 2,
        "pay_fen": 100,
        "value_cap_fen": 3_000,
    },
    "prepaid_card": {
        "kind": "prepaid_card",
        "face_fen": 10_000,
        "max_balance_fen": 50_000,
        "reloadable": True,
        "minimum_top_up_fen": 1_000,
    },
    "count_card": {
        "kind": "count_card",
        "uses": 10,
        "value_per_use_fen": 1_000,
        "covers_up_to_fen": 2_000,
    },
    "free_unit": {
        "kind": "free_unit",
        "quantity_buy": 2,
        "quantity_free": 1,
        "value_cap_fen": 3_000,
    },
}


def the_terms(benefit: str = "amount_off", **parts: Any) -> Terms:
    validity = {"range": RANGE}
    raw: dict[str, Any] = {"benefit": BENEFITS[benefit], "validity": validity, "commit": "redeem"}
    for path, value in parts.items():
        at = raw
        *folders, name = path.split("__")
        for folder in folders:
            at[folder] = dict(at.get(folder, {}))
            at = at[folder]
        if value is None:
            at.pop(name, None)
        else:
            at[name] = value
    terms = read_terms(msgspec.json.encode(raw))
    assert isinstance(terms, Terms), terms
    return terms


def verdict(old: Terms, new: Terms) -> list[str]:
    faults = favourable(old, new)
    assert all(fault.zh and fault.en for fault in faults)
    return [fault.path for fault in faults]


#: Kind of benefit, path, a value, one that is better for the holder, where faults are told if not
#: at the path itself. Turned round, the change is refused.
ONE_WAY: list[tuple[str, str, Any, Any, str]] = [
    ("amount_off", "benefit__amount_fen", 2_000, 2_001, ""),
    ("percent_off", "benefit__basis_points_off", 2_000, 2_500, ""),
    ("percent_off", "benefit__cap_fen", 5_000, 6_000, ""),
    ("percent_off", "benefit__cap_fen", 5_000, None, ""),
    ("cash_voucher", "benefit__face_fen", 5_000, 6_000, ""),
    ("exchange", "benefit__goods", {"skus": ["A"]}, {"skus": ["A", "B"], "categories": ["c"]}, ""),
    ("exchange", "benefit__quantity", 2, 3, ""),
    ("exchange", "benefit__pay_fen", 100, 0, ""),
    ("exchange", "benefit__value_cap_fen", 3_000, 4_000, ""),
    ("prepaid_card", "benefit__max_balance_fen", 50_000, 60_000, ""),
    ("prepaid_card", "benefit__minimum_top_up_fen", 1_000, 500, ""),
    ("count_card", "benefit__uses", 10, 11, "benefit"),
    ("count_card", "benefit__covers_up_to_fen", 2_000, 3_000, "benefit"),
    ("free_unit", "benefit__quantity_buy", 2, 1, "benefit"),
    ("free_unit", "benefit__value_cap_fen", 3_000, 4_000, "benefit"),
    ("amount_off", "validity__range", RANGE, RANGE | {"first_day": "2026-02-01"},
     "validity.range.first_day"),
    ("amount_off", "validity__range", RANGE, RANGE | {"last_day": "2026-12-31"},
     "validity.range.last_day"),
    ("amount_off", "validity__range",
     {"kind": "exact_range", "starts_at": "2026-03-01T00:00:00+08:00",
      "ends_at": "2026-04-01T00:00:00+08:00"},
     {"kind": "exact_range", "starts_at": "2026-03-01T00:00:00+08:00",
      "ends_at": "2026-04-01T00:00:01+08:00"}, "validity.range.ends_at"),
    ("amount_off", "validity__range", {"kind": "after_claim", "days": 7, "start_after_days": 1},
     {"kind": "after_claim", "days": 8, "start_after_days": 0}, "validity.range"),
    ("amount_off", "validity__range", {"kind": "after_claim", "days": 7, "start_after_days": 1},
     {"kind": "after_claim", "days": 9, "start_after_days": 1}, "validity.range"),
    ("amount_off", "validity__weekdays", [1, 2], [1, 2, 6], ""),
    ("amount_off", "validity__weekdays", [1, 2], None, ""),
    ("amount_off", "validity__daily_windows", [{"start": "10:00", "end": "14:00"}],
     [{"start": "09:00", "end": "15:00"}], ""),
    ("amount_off", "validity__daily_windows", [{"start": "22:00", "end": "02:00"}],
     [{"start": "21:00", "end": "03:00"}], ""),
    ("amount_off", "validity__daily_windows", [{"start": "10:00", "end": "14:00"}], None, ""),
    ("amount_off", "validity__excluded_dates", ["2026-05-01", "2026-05-02"], ["2026-05-01"], ""),
    ("amount_off", "scope__stores__include", [1], [1, 2], ""),
    ("amount_off", "scope__stores__include", [1], None, ""),
    ("amount_off", "scope__stores__exclude", [1, 2], [2], ""),
    ("amount_off", "scope__channels", ["app"], ["app", "store"], ""),
    ("amount_off", "scope__terminal_kinds", ["till"], None, ""),
    ("amount_off", "scope__order_minimum_fen", 10_000, 9_999, ""),
    ("amount_off", "scope__minimum_basis", "after", "before", ""),
    ("amount_off", "scope__minimum_over", "eligible", "order", ""),
    ("amount_off", "scope__first_order_only", True, False, ""),
    ("amount_off", "scope__customer_required", True, False, ""),
    ("amount_off", "scope__products__include", {"skus": ["A"]}, {"skus": ["A", "B"]}, ""),
    ("amount_off", "scope__products__include", {"skus": ["A"]}, None, ""),
    ("amount_off", "scope__products__exclude", {"skus": ["A", "B"]}, {"skus": ["B"]}, ""),
    ("amount_off", "scope__products__none", {"categories": ["c"]}, None, ""),
    ("amount_off", "scope__customer_tags__any", ["vip"], ["vip", "new"], ""),
    ("amount_off", "scope__customer_tags__every", ["vip", "new"], ["vip"], ""),
    ("amount_off", "scope__customer_tags__none", ["staff"], None, ""),
    ("amount_off", "limits", [{"dimension": "customer", "at": "redeem", "cap": 1}],
     [{"dimension": "customer", "at": "redeem", "cap": 2}], ""),
    ("amount_off", "limits", [{"dimension": "customer", "at": "redeem", "cap": 1}], None, ""),
    ("amount_off", "stack__policy", "never", "always", ""),
    ("amount_off", "transferable", False, True, ""),
    ("amount_off", "refund_on_reverse", "if_valid", "always", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("benefit", "path", "value", "better", "told"),
    ONE_WAY,
    ids=[f"{row[0]}-{row[1]}-{number}" for number, row in enumerate(ONE_WAY)],
)
def test_each_field_may_change_in_the_holders_favour_and_not_back(
    benefit: str, path: str, value: Any, better: Any, told: str
) -> None:
    old, new = the_terms(benefit, **{path: value}), the_terms(benefit, **{path: better})

    assert verdict(old, new) == []
    assert verdict(new, old) == [told or path.replace("__", ".")]
    assert verdict(old, old) == []


#: What stays as it is, whichever way it would change.
FIXED: list[tuple[str, str, Any, Any, str]] = [
    # Where no order is in sight goods settle at the cap; with an order no cap is the best.
    ("exchange", "benefit__value_cap_fen", 3_000, None, ""),
    ("free_unit", "benefit__value_cap_fen", 3_000, None, "benefit"),
    ("free_unit", "benefit__quantity_free", 1, 2, "benefit"),
    # A window past midnight belongs to the day before: all day long is not the same.
    ("amount_off", "validity__daily_windows", [{"start": "22:00", "end": "02:00"}], None, ""),
    ("percent_off", "benefit__rounding", "down", "up", ""),
    ("cash_voucher", "benefit__allow_partial", False, True, ""),
    ("prepaid_card", "benefit__face_fen", 10_000, 20_000, ""),
    ("amount_off", "validity__time_zone", "Asia/Shanghai", "Asia/Urumqi", ""),
    ("amount_off", "price_fen", 100, 90, ""),
    ("amount_off", "commit", "issue", "redeem", ""),
    ("amount_off", "funding", [{"kind": "remainder", "funder_id": 1}], None, ""),
    ("amount_off", "stack__priority", 1, 2, ""),
    ("amount_off", "stack__stack_class", "a", "b", ""),
    ("free_unit", "scope__products__include", {"skus": ["A"]}, {"skus": ["A", "B"]},
     "scope.products"),
    ("count_card", "scope__products__exclude", {"skus": ["A"]}, None, "scope.products"),
    ("amount_off", "scope__products", {"include": {"skus": ["A"]}, "mode": "every"},
     {"include": {"skus": ["A", "B"]}, "mode": "every"}, "scope.products.include"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("benefit", "path", "one", "other", "told"), FIXED, ids=[f"{row[0]}-{row[1]}" for row in FIXED]
)
def test_what_has_no_better_way_stays(
    benefit: str, path: str, one: Any, other: Any, told: str
) -> None:
    old, new = the_terms(benefit, **{path: one}), the_terms(benefit, **{path: other})

    for before, after in ((old, new), (new, old)):
        assert verdict(before, after) == [told or path.replace("__", ".")]


@pytest.mark.parametrize("kind", [name for name in BENEFITS if name != "amount_off"])
def test_another_kind_of_benefit_is_never_favourable(kind: str) -> None:
    old, new = the_terms("amount_off"), the_terms(kind)

    assert verdict(old, new) == ["benefit"]
    assert verdict(new, old) == ["benefit"]


def test_a_transfer_limit_may_rise_and_go() -> None:
    once = the_terms(transferable=True, transfer_limit=1)
    twice = the_terms(transferable=True, transfer_limit=2)
    for_ever = the_terms(transferable=True)

    assert verdict(once, twice) == verdict(twice, for_ever) == []
    assert verdict(twice, once) == verdict(for_ever, once) == ["transfer_limit"]


def test_every_one_of_all_goods_may_become_any_one_of_them() -> None:
    every = the_terms(scope__products={"include": {"skus": ["A", "B"]}, "mode": "every"})
    any_one = the_terms(scope__products={"include": {"skus": ["A", "B"]}})

    assert verdict(every, any_one) == []
    assert verdict(any_one, every) == ["scope.products.mode"]


def test_a_new_kind_of_limit_is_refused_and_the_lowest_of_equal_ones_counts() -> None:
    def limits(*caps: tuple[str, int]) -> Terms:
        return the_terms(
            limits=[{"dimension": one, "at": "redeem", "cap": cap} for one, cap in caps]
        )

    assert verdict(limits(("customer", 1)), limits(("customer", 1), ("store", 9))) == ["limits"]
    assert verdict(limits(("customer", 2), ("store", 5)), limits(("store", 5))) == []


def test_a_limit_per_channel_may_rise_or_hold_for_fewer_channels() -> None:
    def limits(*caps: tuple[int, list[str]]) -> Terms:
        return the_terms(
            limits=[
                {"dimension": "channel", "at": "redeem", "cap": cap, "channels": channels}
                for cap, channels in caps
            ]
        )

    each, two = limits((5, [])), limits((5, ["pos", "app"]))
    assert verdict(each, limits((5, ["pos"]), (9, ["mail"]))) == []
    assert verdict(two, limits((6, ["POS"]))) == []
    assert verdict(each, limits((4, ["pos"]))) == ["limits"]
    assert verdict(two, limits((5, ["pos", "mail"]))) == ["limits"]
    assert verdict(two, limits((9, []))) == ["limits"]


def test_all_that_is_wrong_is_told_at_once() -> None:
    old = the_terms(scope__order_minimum_fen=100)
    new = the_terms(
        benefit__amount_fen=1,
        scope__order_minimum_fen=200,
        validity__range=RANGE | {"last_day": "2026-05-01"},
    )

    assert set(verdict(old, new)) == {
        "benefit.amount_fen",
        "scope.order_minimum_fen",
        "validity.range.last_day",
    }


def test_every_field_with_a_way_to_get_better_is_tried_here() -> None:
    tried = {row[1].split("__")[-1] for row in (*ONE_WAY, *FIXED)}
    tried |= {"first_day", "last_day", "starts_at", "ends_at", "mode", "transfer_limit"}

    assert {name.split(".")[1] for name in FIELDS} - tried == {"reloadable"}


def test_a_card_may_become_reloadable_and_stays_so() -> None:
    fixed = the_terms("prepaid_card", benefit__reloadable=False, benefit__minimum_top_up_fen=0)
    open_ended = the_terms("prepaid_card", benefit__minimum_top_up_fen=0)

    assert verdict(fixed, open_ended) == []
    assert verdict(open_ended, fixed) == ["benefit.reloadable"]
