"""Terms from JSON: what is read, every fault at once, and an answer to any input whatever."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaquan.engine.rules.faults import TermsFault
from kaquan.engine.rules.reading import (
    FAULTS_MAX,
    TERMS_BYTES_MAX,
    read_terms,
    terms_bytes,
    terms_schema,
)
from kaquan.engine.rules.sanity import terms_warnings
from kaquan.engine.rules.terms import AmountOff, Terms
from tests.engine.rules.offers import BENEFITS, THIS_YEAR, as_golden, offer, the_terms
from tests.engine.rules.test_explain import all_terms


def faults_of(raw: Any) -> list[TermsFault]:
    faults = read_terms(raw)
    assert isinstance(faults, list), faults
    assert faults
    return faults


def test_terms_of_every_kind_read_back_from_their_own_bytes() -> None:
    for name, terms in all_terms().items():
        assert read_terms(terms_bytes(terms)) == terms, name


def test_what_is_left_out_is_the_default_and_is_not_written() -> None:
    terms = the_terms()

    assert terms.benefit == AmountOff(2000)
    assert terms.commit == "issue"
    assert terms.stack.policy == "never"
    assert json.loads(terms_bytes(terms)) == offer()


def test_the_schema_is_the_one_that_was_published() -> None:
    text = json.dumps(terms_schema(), ensure_ascii=False, indent=1) + "\n"
    assert text == as_golden("terms.schema.json", text)


def test_every_fault_is_told_at_once_each_with_its_place() -> None:
    faults = faults_of(
        {
            "benefit": {"kind": "percent_off", "basis_points_off": 10001, "rounding": "sideways"},
            "validity": {
                "range": {"kind": "fixed_range", "first_day": "2026-02-30"},
                "weekdays": [1, 8],
                "daily_windows": [{"start": "9:00", "end": "24:00"}, {}, {}],
                "excluded_dates": "2026-01-01",
            },
            "scope": {
                "channels": ["pos", 7],
                "first_order_only": 1,
                "products": [],
                "colour": "red",
            },
            "limits": [{"dimension": "family", "at": "redeem", "cap": 0}],
            "funding": [{"kind": "all"}],
            "transfer_limit": 1.5,
        }
    )

    assert [fault.path for fault in faults] == [
        "benefit.basis_points_off",
        "benefit.rounding",
        "validity.range.first_day",
        "validity.range.last_day",
        "validity.weekdays[1]",
        "validity.daily_windows",
        "validity.daily_windows[0].start",
        "validity.daily_windows[1].start",
        "validity.daily_windows[1].end",
        "validity.excluded_dates",
        "scope.colour",
        "scope.channels[1]",
        "scope.products",
        "scope.first_order_only",
        "limits[0].dimension",
        "limits[0].cap",
        "funding[0].kind",
        "transfer_limit",
    ]
    told = {fault.path: (fault.zh, fault.en) for fault in faults}
    assert told["benefit.basis_points_off"] == (
        "应为 1 到 10000 之间的整数",
        "expected a whole number from 1 to 10000",
    )
    assert told["benefit.rounding"][1] == "expected one of: down, half_up, up"
    assert told["validity.range.last_day"][0] == "缺少这个字段"
    assert told["transfer_limit"][1] == "expected a whole number from 1 to 1000"
    assert told["funding[0].kind"][1] == "expected one of: fixed, first_to_cap, percent, remainder"


def wrong(**fields: Any) -> dict[str, Any]:
    return offer(fields.pop("benefit", "amount_off"), **fields)


def validity(**fields: Any) -> dict[str, Any]:
    return {"validity": {**THIS_YEAR, **fields}}


def between(first: str, last: str) -> dict[str, Any]:
    return {"range": {"kind": "fixed_range", "first_day": first, "last_day": last}}


CONTRADICTIONS: list[tuple[str, dict[str, Any], str]] = [
    ("benefit.goods", wrong(benefit={"kind": "exchange", "goods": {}, "value_cap_fen": 1}), "指定"),
    (
        "benefit.covers_up_to_fen",
        wrong(benefit={"kind": "count_card", "uses": 1, "value_per_use_fen": 0}),
        "写明",
    ),
    (
        "benefit.face_fen",
        wrong(benefit={"kind": "prepaid_card", "face_fen": 2, "max_balance_fen": 1}),
        "高于余额上限",
    ),
    (
        "benefit.minimum_top_up_fen",
        wrong(
            benefit={
                "kind": "prepaid_card",
                "face_fen": 1,
                "max_balance_fen": 1,
                "minimum_top_up_fen": 1,
            }
        ),
        "不可充值",
    ),
    ("validity.range", wrong(validity=between("2026-02-02", "2026-02-01")), "晚于"),
    ("validity.range.last_day", wrong(validity=between("2026-02-02", "9999-12-31")), "年份"),
    (
        "validity.range",
        wrong(
            validity={
                "range": {
                    "kind": "exact_range",
                    "starts_at": "2026-01-01T08:00:00+08:00",
                    "ends_at": "2026-01-01T00:00:00Z",
                }
            }
        ),
        "须晚于",
    ),
    ("validity.time_zone", wrong(**validity(time_zone="Asia/Atlantis")), "时区"),
    ("validity.time_zone", wrong(**validity(time_zone="../../etc/passwd")), "时区"),
    ("validity.time_zone", wrong(**validity(time_zone="Asia")), "时区"),
    (
        "validity.daily_windows[0]",
        wrong(**validity(daily_windows=[{"start": "09:00", "end": "09:00"}])),
        "全天",
    ),
    (
        "validity.daily_windows",
        wrong(
            **validity(
                daily_windows=[
                    {"start": "22:00", "end": "02:00"},
                    {"start": "01:00", "end": "03:00"},
                ]
            )
        ),
        "重叠",
    ),
    (
        "validity",
        wrong(validity={**between("2026-10-10", "2026-10-11"), "weekdays": [1, 2, 3, 4, 5]}),
        "没有一天",
    ),
    ("scope.stores", wrong(scope={"stores": {"include": [1, 2], "exclude": [2]}}), "2"),
    (
        "scope.products",
        wrong(scope={"products": {"include": {"skus": ["a"]}, "none": {"skus": ["a"]}}}),
        "a",
    ),
    ("scope.products.mode", wrong(scope={"products": {"mode": "every"}}), "指定商品"),
    (
        "scope.customer_tags",
        wrong(scope={"customer_tags": {"every": ["vip"], "none": ["vip"]}}),
        "vip",
    ),
    (
        "limits[1]",
        wrong(limits=[{"dimension": "store", "at": "redeem", "cap": cap} for cap in (1, 2)]),
        "重复",
    ),
    (
        "limits[1]",
        wrong(
            limits=[
                {"dimension": "channel", "at": "redeem", "cap": 1, "channels": channels}
                for channels in (["pos", "app"], ["POS"])
            ]
        ),
        "重复",
    ),
    (
        "limits[1]",
        wrong(
            limits=[
                {"dimension": "channel", "at": "redeem", "cap": 1, "channels": channels}
                for channels in (["pos"], [])
            ]
        ),
        "重复",
    ),
    (
        "limits[0].channels",
        wrong(limits=[{"dimension": "store", "at": "redeem", "cap": 1, "channels": ["pos"]}]),
        "渠道",
    ),
    (
        "limits[0].unit",
        wrong(limits=[{"dimension": "store", "at": "claim", "cap": 1, "unit": "fen"}]),
        "张数",
    ),
    ("stack.classes", wrong(stack={"policy": "only_with"}), "类别"),
    ("stack.classes", wrong(stack={"policy": "always", "classes": ["a"]}), "only_with"),
    ("transfer_limit", wrong(transfer_limit=1), "不可转赠"),
    ("commit", wrong(benefit={"kind": "percent_off", "basis_points_off": 1}), "没有上限"),
    ("refund_on_reverse", wrong(benefit="prepaid_card", refund_on_reverse="never"), "持有人的钱"),
]


@pytest.mark.parametrize(("path", "raw", "told"), CONTRADICTIONS)
def test_a_contradiction_is_a_fault(path: str, raw: dict[str, Any], told: str) -> None:
    (fault,) = faults_of(raw)
    assert fault.path == path
    assert told in fault.zh
    assert fault.en


def test_windows_that_only_touch_and_long_closed_spells_are_fine() -> None:
    touching = [{"start": "22:00", "end": "02:00"}, {"start": "02:00", "end": "22:00"}]
    assert isinstance(read_terms(wrong(**validity(daily_windows=touching))), Terms)
    weekends = {**between("2026-10-10", "2026-10-12"), "weekdays": [1]}
    assert isinstance(read_terms(wrong(validity=weekends)), Terms)


def test_warnings_name_what_has_cost_others_dearly() -> None:
    reckless = the_terms({"kind": "percent_off", "basis_points_off": 8000}, commit="redeem")
    assert [one.path for one in terms_warnings(reckless)] == [
        "benefit.basis_points_off",
        "limits",
        "commit",
    ]
    pointless = the_terms(scope={"order_minimum_fen": 2000}, price_fen=2001)
    assert [one.path for one in terms_warnings(pointless)] == [
        "scope.order_minimum_fen",
        "limits",
        "price_fen",
    ]
    wandering = the_terms(transferable=True, transfer_limit=32)
    assert terms_warnings(wandering)[-1].path == "transfer_limit"
    careful = the_terms(
        scope={"order_minimum_fen": 10000},
        limits=[{"dimension": "person", "at": "claim", "cap": 1}],
    )
    assert terms_warnings(careful) == []


NOT_TERMS: list[Any] = [
    b"",
    b"\x00",
    b"\xff\xfe",
    b"nul",
    b"null",
    b"[]",
    b"7",
    b'"\\ud800"',
    b"[" * 100_000,
    b'{"benefit":' * 5_000,
    b"1e400",
    b'{"benefit": {"kind": "amount_off", "amount_fen": 1e400}}',
    b" " * (TERMS_BYTES_MAX + 1),
    None,
    [],
    {},
    {1: 2},
    {"\ud800": 1},
    {"benefit": {"kind": "\ud800"}},
    {"benefit": object()},
    {"benefit": 10**400},
]


@pytest.mark.parametrize("raw", NOT_TERMS, ids=lambda raw: repr(raw)[:24])
def test_what_is_not_terms_is_answered_with_faults(raw: Any) -> None:
    assert all(fault.zh and fault.en for fault in faults_of(raw))


@pytest.mark.parametrize(
    "name", ["", " a", "a ", "a\n", "a\x00b", "\x7f", "a" * 65, 7, None, True, ["a"]]
)
def test_names_that_no_till_sends_are_faults(name: Any) -> None:
    (fault,) = faults_of(wrong(scope={"channels": ["pos", name]}))
    assert fault.path == "scope.channels[1]"


@pytest.mark.parametrize("amount", [-1, 0, 10**10 + 1, 10**30, 1.0, 1.5, "2000", True, None])
def test_amounts_that_are_no_amounts_are_faults(amount: Any) -> None:
    (fault,) = faults_of(wrong(benefit={"kind": "amount_off", "amount_fen": amount}))
    assert fault.path in ("benefit.amount_fen", "")


def test_a_flood_of_faults_is_cut_off() -> None:
    channels = {"channels": [""] * 100, "terminal_kinds": [""] * 100}
    assert len(faults_of(wrong(scope=channels))) == FAULTS_MAX


leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["amount_off", "always", "2026-10-01", "10:00", "fixed_range", "Asia/Tokyo"])
)
SOME_TERMS = [json.loads(terms_bytes(terms)) for terms in all_terms().values()]


@st.composite
def spoilt_terms(draw: st.DrawFn) -> Any:
    """Good terms with a few places overwritten, dropped or added to."""
    terms = json.loads(json.dumps(draw(st.sampled_from(SOME_TERMS))))
    for _ in range(draw(st.integers(1, 4))):
        place: Any = terms
        while isinstance(place, dict | list) and place:
            key = draw(st.sampled_from(list(place) if isinstance(place, dict) else [0]))
            if not isinstance(place[key], dict | list) or draw(st.booleans()):
                place[key] = draw(leaves | st.lists(leaves, max_size=2) | st.just({}))
                if isinstance(place, dict) and draw(st.booleans()):
                    place.pop(key)
                break
            place = place[key]
    return terms


@settings(max_examples=300)
@given(st.binary(max_size=64) | spoilt_terms() | st.recursive(leaves, st.lists, max_leaves=5))
def test_any_input_gets_terms_or_faults_and_never_an_exception(raw: Any) -> None:
    answer = read_terms(raw)

    if isinstance(answer, list):
        assert 0 < len(answer) <= FAULTS_MAX
        for fault in answer:
            assert fault.zh
            assert fault.en
            assert msgspec.json.encode(fault)
    else:
        assert read_terms(terms_bytes(answer)) == answer


def test_every_benefit_has_a_place_in_the_schema() -> None:
    schema = terms_schema()
    kinds = schema["$defs"]["Terms"]["properties"]["benefit"]["discriminator"]["mapping"]
    assert set(kinds) == {one["kind"] for one in BENEFITS.values()}
