"""Whatever can be decoded is answered: hostile values are refused, and nothing ever raises."""

import random
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaquan.engine import commands as c
from kaquan.engine.commands import AnyCommand
from kaquan.engine.custody import ACTS
from kaquan.engine.facts import Facts, Order, OrderLine
from kaquan.engine.outcomes import OutcomeCode
from kaquan.engine.places import Place
from tests.engine.decide_cases import NOON, done, facts, operate, paper, redeem, terms
from tests.engine.memory_ledger import MemoryLedger

KINDS = ("count_card", "prepaid_card", "cash_in_parts", "percent_off")

numbers = st.one_of(
    st.integers(0, 300),
    st.sampled_from([-1, 0, 1, 501, 2000, 10**9, 10**13, 2**31, 2**38, 2**63, 10**30, -(10**30)]),
)
texts = st.one_of(
    st.sampled_from(["", " ", "tea", "running", "paused", "stopped", "１２", "\0", "x" * 1001]),
    st.text(max_size=8),
)
moments = st.one_of(
    st.sampled_from(
        [
            NOON,
            NOON + timedelta(minutes=5),
            NOON + timedelta(days=40),
            datetime(2027, 6, 1, tzinfo=UTC),
            datetime(2026, 11, 22, 12),  # noqa: DTZ001  # a naive time is the point
            datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
            datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))),
            datetime(1999, 12, 31, tzinfo=UTC),
            datetime(2199, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-11, minutes=30))),
        ]
    ),
    st.datetimes(timezones=st.just(UTC)),
)
places = st.builds(
    Place, st.one_of(st.integers((1 << 40) + 1, (1 << 40) + 40), numbers), st.integers(-1, 3)
)
lines = st.builds(OrderLine, texts, texts, numbers, numbers, numbers)
orders = st.one_of(
    st.none(),
    st.just(facts().order),
    st.builds(Order, texts, st.lists(lines, max_size=3).map(tuple)),
)
some_facts = st.one_of(
    st.just(facts()),
    st.just(facts(customer_id=7, person_id=7)),
    st.builds(
        Facts,
        store_id=numbers,
        store_path=st.lists(numbers, max_size=3).map(tuple),
        channel=texts,
        customer_id=numbers,
        person_id=numbers,
        tags=st.frozensets(texts, max_size=2),
        first_order=st.sampled_from([None, True, False]),
        order=orders,
    ),
)
uses = st.builds(
    c.VoucherUse, numbers, st.one_of(st.none(), numbers), st.one_of(st.just(1), numbers)
)

SANE: dict[str, st.SearchStrategy[Any]] = {
    "at": st.sampled_from([NOON, NOON, NOON + timedelta(minutes=6), NOON + timedelta(days=90)]),
    "key": st.none(),
    "link": st.sampled_from([0, 0, 1]),
    "actor": st.just("clerk:17"),
    "facts": st.sampled_from([facts(), facts(customer_id=7), facts(customer_id=7, order=None)]),
    "terms": st.sampled_from([terms(kind) for kind in KINDS]),
    "by_code": st.booleans(),
    "active": st.booleans(),
    "state": st.sampled_from(["running", "paused", "stopped"]),
    "reason": st.just("because"),
    "payment_no": st.just("P1"),
    "vouchers": st.lists(
        st.builds(
            c.VoucherUse,
            st.integers(0, 260),
            st.sampled_from([None, None, 700]),
            st.sampled_from([1, 1, 2]),
        ),
        min_size=1,
        max_size=2,
        unique_by=lambda use: use.serial,
    ).map(tuple),
    "expires_at": st.just(NOON + timedelta(days=20)),
    "valid_until": st.just(datetime(2028, 1, 1, tzinfo=UTC)),
    "hold": st.builds(Place, st.integers((1 << 40) + 1, (1 << 40) + 40), st.just(0)),
    "lines": st.sampled_from([(), (), (c.LineReturn("1", 1),)]),
    "batch_id": st.sampled_from([1, 2, 3, 4, 9]),
    "budget_id": st.sampled_from([0, 1, 1]),
    "serial": st.sampled_from([number + row * 64 for row in range(4) for number in range(9)]),
    "total_fen": st.sampled_from([0, 60_000, 70_000]),
    "expected_fen": st.just(60_000),
    "quantity": st.integers(1, 9),
    "first_serial": st.integers(0, 260),
    "act": st.sampled_from(sorted(ACTS)),
    "to_organisation_id": st.just(0),
    "hand_out_first": st.just(False),
    "witness": st.sampled_from(["account:1", "account:2"]),
    "amount_fen": st.integers(1, 3_000),
    "balance_fen": st.sampled_from([0, 500, -500]),
    "uses": st.sampled_from([0, 1, -1]),
}
SANE["redemption"] = SANE["hold"]

HOSTILE: dict[str, st.SearchStrategy[Any]] = {
    "at": moments,
    "key": st.none(),
    "link": st.sampled_from([-1, 1, 2**70]),
    "actor": texts,
    "facts": some_facts,
    "terms": st.binary(max_size=40),
    "by_code": st.booleans(),
    "active": st.booleans(),
    "state": texts,
    "reason": texts,
    "act": texts,
    "witness": texts,
    "hand_out_first": st.booleans(),
    "payment_no": texts,
    "vouchers": st.lists(uses, max_size=10).map(tuple),
    "expires_at": moments,
    "valid_until": moments,
    "hold": places,
    "redemption": places,
    "lines": st.lists(st.builds(c.LineReturn, texts, numbers), max_size=3).map(tuple),
}
OPTIONAL = {"serial", "hold", "amount_fen", "face_fen"}
COMMANDS = [getattr(c, name) for name in dir(c) if getattr(getattr(c, name), "operation", "")]


@st.composite
def any_command(draw: st.DrawFn) -> AnyCommand:
    """A command that makes sense, or one with any value in one of its fields."""
    kind = draw(st.sampled_from(COMMANDS))
    fields = msgspec.structs.fields(kind)
    hostile = draw(st.sampled_from([None, None, *fields]))
    values = {}
    for field in fields:
        name = field.name
        source, otherwise = (
            (SANE, st.integers(1, 50)) if field is not hostile else (HOSTILE, numbers)
        )
        value = source.get(name, otherwise)
        if name in OPTIONAL and not field.required:
            value = st.one_of(st.none(), value)
        values[name] = draw(value)
    return kind(**values)


@cache
def lived_in_ledger() -> MemoryLedger:
    """Batches of several kinds with vouchers in many states, holds and redemptions among them."""
    ledger = MemoryLedger()
    done(ledger.do(c.OpenBudget(at=NOON, budget_id=1, total_fen=60_000)))
    limit = {"dimension": "customer", "at": "claim", "cap": 3, "period": "day"}
    for batch_id, kind in enumerate(KINDS, 1):
        serial = paper(ledger, terms(kind, limits=[limit]), batch_id=batch_id, budget_id=1)
        for number, operation in enumerate(("claim", "freeze", "sell", "void", "claim")):
            done(ledger.do(operate(operation, serial + number, batch_id)))
        for number, operation in enumerate(("redeem", "hold")):
            ledger.do(operate(operation, serial + 4 * number, batch_id))
    done(ledger.do(c.DefineBatch(at=NOON, batch_id=9, terms=terms("amount_off"))))
    done(ledger.do(c.Mint(at=NOON, batch_id=9, quantity=5)))
    return ledger


@settings(max_examples=800, deadline=None)
@given(st.lists(any_command(), min_size=1, max_size=4))
def test_no_command_makes_deciding_raise(commands: list[AnyCommand]) -> None:
    ledger = lived_in_ledger().fork()

    outcomes = ledger.submit(*commands)

    assert len(outcomes) == len(commands)


def test_every_command_is_drawn() -> None:
    assert len(COMMANDS) == 25


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"at": NOON.replace(tzinfo=None)}, "at"),
        ({"at": datetime(1970, 1, 1, tzinfo=UTC)}, "at"),
        ({"vouchers": ()}, "vouchers"),
        ({"vouchers": (c.VoucherUse(1, uses=0),)}, "vouchers.uses"),
        ({"vouchers": (c.VoucherUse(1, amount_fen=0),)}, "vouchers.amount_fen"),
        ({"vouchers": (c.VoucherUse(1), c.VoucherUse(1))}, "vouchers.serial"),
        ({"hold": Place(-1, 0)}, "hold"),
        ({"facts": facts(customer_id=2**63)}, "facts"),
        ({"facts": facts(order=Order("1", (OrderLine("a", "a", 0, 5),)))}, "facts.order.lines"),
        ({"facts": facts(order=Order("1", (OrderLine("a", "a", 1, 5, 6),)))}, "facts.order.lines"),
        (
            {"facts": facts(order=Order("1", (OrderLine("a", "a", 1, 5),) * 1001))},
            "facts.order.lines",
        ),
        (
            {"facts": facts(order=Order("1", (OrderLine("a", "a", 1, 5),) * 2))},
            "facts.order.lines.line_id",
        ),
        ({"facts": facts(order=Order("x" * 201))}, "facts.order.order_no"),
    ],
)
def test_a_malformed_use_names_the_field(change: dict[str, Any], field: str) -> None:
    ledger = MemoryLedger()
    serial = paper(ledger, terms("amount_off"))
    fields = {"at": NOON, "vouchers": (c.VoucherUse(serial),), "facts": facts()}

    outcome = ledger.do(c.Redeem(**(fields | change)))

    assert (outcome.code, outcome.data) == (OutcomeCode.MALFORMED_COMMAND, {"field": field})
    assert ledger.do(redeem(serial)).done


def test_nine_vouchers_are_too_many() -> None:
    ledger = MemoryLedger()
    serial = paper(ledger, terms("amount_off", stack={"policy": "always"}))

    outcome = ledger.do(redeem(*range(serial, serial + 9)))

    assert outcome.code is OutcomeCode.TOO_MANY_VOUCHERS
    assert ledger.do(redeem(*range(serial, serial + 8))).done


@pytest.mark.parametrize("seed", range(20))
def test_serials_run_out_with_an_answer(seed: int) -> None:
    ledger = MemoryLedger()
    done(ledger.do(c.DefineBatch(at=NOON, batch_id=1, terms=terms("amount_off"))))
    ledger.next_serial = 2**38 - 64 * random.Random(seed).randint(1, 5)
    room = 2**38 - ledger.next_serial

    too_many = ledger.do(c.Mint(at=NOON, batch_id=1, quantity=room + 1))
    all_there_are = ledger.do(c.Mint(at=NOON, batch_id=1, quantity=room))

    assert (too_many.code, too_many.data) == (
        OutcomeCode.RANGE_NOT_AVAILABLE,
        {"serials_left": room},
    )
    assert all_there_are.done
    assert ledger.do(c.Mint(at=NOON, batch_id=1, quantity=1)).code is (
        OutcomeCode.RANGE_NOT_AVAILABLE
    )
