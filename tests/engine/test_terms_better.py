"""Better terms never refuse what the old ones took, and every difference is told in words."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaquan.engine.facts import Facts, Order, OrderLine
from kaquan.engine.outcomes import Refusal
from kaquan.engine.rules.check import Rules, compile_terms
from kaquan.engine.rules.opening import validity_refusal
from kaquan.engine.rules.reading import read_terms
from kaquan.engine.rules.terms import Terms
from kaquan.engine.terms_better import Difference, differences, revision_faults

AT = datetime(2026, 6, 1, 4, tzinfo=UTC)
SKUS = ("A", "B", "C")
CATEGORIES = ("tea", "food")


def few(*names: Any) -> st.SearchStrategy[list[Any]]:
    """Some of the names, each once."""
    return st.lists(st.sampled_from(names), max_size=len(names), unique=True)


def goods() -> st.SearchStrategy[dict[str, Any]]:
    """Products, perhaps none."""
    return st.fixed_dictionaries({"skus": few(*SKUS), "categories": few(*CATEGORIES)})


small_fen = st.sampled_from((1, 500, 1_000, 1_500, 3_000))
BENEFITS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "amount_off": {"amount_fen": small_fen},
    "percent_off": {
        "basis_points_off": st.sampled_from((500, 3_333, 10_000)),
        "cap_fen": st.none() | small_fen,
    },
    "cash_voucher": {"face_fen": small_fen},
    "exchange": {
        "goods": goods(),
        "quantity": st.integers(1, 3),
        "pay_fen": st.sampled_from((0, 100, 700)),
        "value_cap_fen": st.none() | small_fen,
    },
    "count_card": {
        "uses": st.just(3),
        "value_per_use_fen": st.sampled_from((500, 1_000)),
        "covers_up_to_fen": st.none() | small_fen,
    },
    "free_unit": {
        "quantity_buy": st.integers(1, 3),
        "quantity_free": st.integers(1, 2),
        "value_cap_fen": st.none() | small_fen,
    },
}
#: Where each part of the terms but the benefit stands, and what may stand there.
PARTS: dict[str, st.SearchStrategy[Any]] = {
    "validity.range": st.builds(
        lambda first, last: {
            "kind": "fixed_range",
            "first_day": f"2026-0{first}-01",
            "last_day": f"2026-0{last}-28",
        },
        st.integers(4, 6),
        st.integers(6, 8),
    ),
    "validity.weekdays": few(1, 2, 3, 7),
    "validity.daily_windows": st.sampled_from(
        (
            [],
            [{"start": "10:00", "end": "14:00"}],
            [{"start": "09:00", "end": "24:00"}],
            [{"start": "22:00", "end": "02:00"}],
            [{"start": "20:00", "end": "03:00"}],
        )
    ),
    "validity.excluded_dates": few("2026-06-01", "2026-06-02", "2026-06-07"),
    "scope.stores.include": few(3, 12, 501),
    "scope.stores.exclude": few(7, 502),
    "scope.channels": few("pos", "app"),
    "scope.terminal_kinds": few("till", "phone"),
    "scope.products.include": goods(),
    "scope.products.exclude": goods(),
    "scope.products.none": goods(),
    "scope.products.mode": st.sampled_from(("any", "every")),
    "scope.order_minimum_fen": st.sampled_from((0, 1_000, 2_500)),
    "scope.minimum_over": st.sampled_from(("eligible", "order")),
    "scope.minimum_basis": st.sampled_from(("before", "after")),
    "scope.first_order_only": st.booleans(),
    "scope.customer_tags.any": few("vip", "new"),
    "scope.customer_tags.every": few("vip", "new"),
    "scope.customer_tags.none": few("staff"),
    "scope.customer_required": st.booleans(),
}


def put(raw: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Terms with another value at a path."""
    name, _, rest = path.partition(".")
    return {**raw, name: put(raw.get(name, {}), rest, value) if rest else value}


@st.composite
def a_benefit(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """A benefit of a kind."""
    return {"kind": kind, **{name: draw(values) for name, values in BENEFITS[kind].items()}}


@st.composite
def two_terms(draw: st.DrawFn) -> tuple[Rules, Rules]:
    """Terms, and others that differ from them in one place or two."""
    kind = draw(st.sampled_from(sorted(BENEFITS)))
    raw: dict[str, Any] = {"benefit": draw(a_benefit(kind)), "commit": "redeem"}
    raw = put(raw, "validity.range", draw(PARTS["validity.range"]))
    for path in draw(st.lists(st.sampled_from(sorted(PARTS)), max_size=5, unique=True)):
        raw = put(raw, path, draw(PARTS[path]))
    other = raw
    for path in draw(st.lists(st.sampled_from(("benefit", *PARTS)), min_size=1, max_size=2)):
        other = put(other, path, draw(a_benefit(kind) if path == "benefit" else PARTS[path]))
    old, new = read_terms(raw), read_terms(other)
    if not isinstance(old, Terms) or not isinstance(new, Terms):
        old = new = plain()
    return compile_terms(old), compile_terms(new)


def plain(**parts: Any) -> Terms:
    """Twenty yuan off, all of 2026."""
    year = {"kind": "fixed_range", "first_day": "2026-01-01", "last_day": "2026-12-31"}
    raw: dict[str, Any] = {"benefit": {"kind": "amount_off", "amount_fen": 2_000}}
    raw = put(put(raw, "validity.range", year), "commit", "redeem")
    for path, value in parts.items():
        raw = put(raw, path.replace("__", "."), value)
    terms = read_terms(raw)
    assert isinstance(terms, Terms), terms
    return terms


def told(
    old: Terms, new: Terms, *, at: datetime = AT, from_budget: bool = False
) -> list[Difference]:
    """Every difference of two terms."""
    return differences(compile_terms(old), compile_terms(new), at=at, from_budget=from_budget)


def visits(count: int) -> list[tuple[Facts, datetime]]:
    """Carts of all sorts at all sorts of moments, the same each time."""
    dice = random.Random(20260601)
    found = []
    for _ in range(count):
        lines = tuple(
            OrderLine(
                str(number),
                dice.choice(SKUS),
                dice.randint(1, 4),
                fen := dice.randint(0, 3_000),
                fen // 5,
                dice.choice(((), ("tea",), ("food",))),
            )
            for number in range(dice.randint(0, 4))
        )
        store_path = dice.choice(((1, 3, 12, 501), (1, 3, 12, 501), (1, 7, 502)))
        cart = Facts(
            store_id=store_path[-1],
            store_path=store_path,
            channel=dice.choice(("pos", "pos", "app", "")),
            terminal_kind=dice.choice(("till", "phone")),
            customer_id=dice.choice((0, 9)),
            person_id=5,
            tags=frozenset(dice.sample(("vip", "new", "staff"), dice.randint(0, 2))),
            first_order=dice.random() < 0.5,
            order=Order("O", lines) if lines or dice.random() < 0.5 else None,
        )
        found.append((cart, AT + timedelta(minutes=30 * dice.randint(-30 * 48, 60 * 48))))
    return found


VISITS = visits(300)


@settings(max_examples=200)
@given(terms=two_terms())
def test_better_terms_take_every_cart_that_the_old_ones_took_and_give_no_less(
    terms: tuple[Rules, Rules],
) -> None:
    old, new = terms
    if old.terms == new.terms or revision_faults(old, new, at=AT, from_budget=False):
        return
    for cart, at in VISITS:
        if validity_refusal(old.unclaimed_window, at) or old.refusal(cart, at):
            continue
        before = old.benefit(cart, uses_left=3)
        if isinstance(before, Refusal):
            continue
        assert validity_refusal(new.unclaimed_window, at) is None
        assert new.refusal(cart, at) is None
        now = new.benefit(cart, uses_left=3)
        assert not isinstance(now, Refusal), (before, now)
        assert now.discount_fen >= before.discount_fen


def test_each_difference_is_told_in_both_languages_with_what_to_do_against_a_worse_one() -> None:
    old = plain(scope__order_minimum_fen=10_000, scope__channels=["app"])
    new = plain(scope__order_minimum_fen=5_000, scope__channels=["pos"])

    better, worse = told(old, new)[1], told(old, new)[0]

    assert (better.label, better.before, better.now) == (
        ("使用门槛", "Minimum spend"),
        ("¥100.00", "¥100.00"),
        ("¥50.00", "¥50.00"),
    )
    assert better.is_better
    assert not worse.is_better
    assert worse.path == "scope.channels"
    assert "发布新版本" in worse.against[0]
    assert "publish a new version" in worse.against[1]


EVERY_PART: list[tuple[str, Any, Any, str, str]] = [
    ("validity__weekdays", [1], [1, 6], "1", "1、6"),
    ("validity__excluded_dates", ["2026-06-07"], [], "2026-06-07", "无"),
    ("validity__daily_windows", [{"start": "10:00", "end": "14:00"}], [], "10:00–14:00", "不限"),
    ("scope__products__none", {"skus": ["A"]}, {}, "A", "无"),
    ("scope__products__include", {"skus": ["A"], "categories": ["tea"]}, {}, "A、tea", "不限"),
    ("scope__first_order_only", True, False, "是", "否"),
    ("scope__minimum_basis", "after", "before", "其他优惠之后", "其他优惠之前"),
    ("transfer_limit", 2, None, "2", "不限"),
    (
        "limits",
        [{"dimension": "customer", "at": "redeem", "cap": 2, "period": "day"}],
        [{"dimension": "customer", "at": "redeem", "cap": 3, "period": "day"}],
        "每位会员每天限用 2",
        "每位会员每天限用 3",
    ),
]


@pytest.mark.parametrize(("path", "one", "other", "before", "now"), EVERY_PART)
def test_values_are_told_as_people_say_them(
    path: str, one: Any, other: Any, before: str, now: str
) -> None:
    (difference,) = told(
        plain(transferable=True, **{path: one}), plain(transferable=True, **{path: other})
    )
    assert (difference.before[0], difference.now[0]) == (before, now)
    assert difference.is_better


def test_long_lists_are_cut_and_organisations_get_their_names() -> None:
    old, new = (
        compile_terms(plain(scope__stores__include=list(range(1, last)))) for last in (2, 31)
    )

    (one,) = differences(old, new, at=AT, from_budget=False, names={"organisation:1": "华东大区"})

    assert one.before == ("华东大区", "华东大区")
    assert one.now[0].endswith("等 30 项")
    assert one.now[1].endswith("and 20 more")


def test_what_each_voucher_carries_itself_is_not_for_terms_to_change() -> None:
    claimed = {"kind": "after_claim", "days": 7}
    card = {"kind": "count_card", "uses": 3, "value_per_use_fen": 1_000}
    parts = {"kind": "cash_voucher", "face_fen": 1_000, "allow_partial": True}

    (days,) = told(plain(validity__range=claimed), plain(validity__range={**claimed, "days": 9}))
    (uses,) = told(plain(benefit=card), plain(benefit={**card, "uses": 4}))
    (face,) = told(plain(benefit=parts), plain(benefit={**parts, "face_fen": 2_000}))

    assert "延期" in days.against[0]
    assert "调整" in uses.against[0]
    assert "调整" in face.against[0]


def test_a_bigger_discount_is_refused_where_its_money_was_set_aside_at_issue() -> None:
    small, big = ({"kind": "amount_off", "amount_fen": fen} for fen in (2_000, 3_000))

    (at_issue,) = told(
        plain(benefit=small, commit="issue"), plain(benefit=big, commit="issue"), from_budget=True
    )
    (at_use,) = told(plain(benefit=small), plain(benefit=big), from_budget=True)

    assert "预算已在发放时" in at_issue.against[0]
    assert at_use.is_better


def test_once_their_time_is_over_vouchers_are_extended_and_not_revised() -> None:
    later = {"kind": "fixed_range", "first_day": "2026-01-01", "last_day": "2027-12-31"}
    over = datetime(2026, 12, 31, 16, tzinfo=UTC)

    (in_time,) = told(plain(), plain(validity__range=later), at=over - timedelta(seconds=1))
    (too_late,) = told(plain(), plain(validity__range=later), at=over)

    assert in_time.is_better
    assert "延期" in too_late.against[0]
