"""Whatever comes in: a clear answer, nothing lost, and neighbours in the same call undisturbed."""

import random
import string
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from kaquan.engine import commands as c
from kaquan.engine.codes import CodeBook, CodeFault, CodeKey, DecodedCode
from kaquan.engine.facts import Facts, Order, OrderLine
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.engine.places import Place
from kaquan.ledger.door import Door
from tests.builders.books import books, number, records
from tests.builders.ledger import (
    NOON,
    BuiltBatch,
    a_batch,
    a_key,
    at_the_till,
    codes,
    done,
    redeem,
)

Connection = psycopg.Connection[Any]
HUGE = [2**31, 2**38, 2**63 - 1, 2**63, 2**64, 10**30]
HUGE += [-one for one in HUGE] + [-1]
MEGABYTE = 1024 * 1024
TEN_MEGABYTES = "券" * (10 * MEGABYTE // 3)
NASTY_TEXTS = {
    "nul": "a\0b",
    "surrogate": "a\ud800b",
    "tab and newline": "a\tb\\N\nc\\.",
    "direction": "\u202ea\u2066",
    "ten megabytes": TEN_MEGABYTES,
    "full-width": "１２３４",
    "empty": "",
}


@dataclass
class Neighbours:
    """A good command before and one after whatever is tried, on vouchers of their own."""

    door: Door
    connection: Connection
    batch: BuiltBatch
    target: BuiltBatch
    unused: Iterator[int]

    def surround(self, *commands: c.AnyCommand) -> list[Any]:
        """Submit between two good neighbours, which must be done; the others' outcomes."""
        first, last = redeem(next(self.unused)), redeem(next(self.unused))
        outcomes = self.door.submit([first, *commands, last])
        assert outcomes[0].done, outcomes[0]
        assert outcomes[-1].done, outcomes[-1]
        return outcomes[1:-1]

    def answer(self, command: c.AnyCommand) -> Outcome:
        """Its answer among neighbours; asked again it is the same, unless done without a key."""
        (outcome,) = self.surround(command)
        assert outcome.code not in (OutcomeCode.BUSY, OutcomeCode.UNAVAILABLE)
        if command.key is not None or not outcome.done:
            assert self.door.submit([command]) == [outcome], command
        return outcome


@pytest.fixture
def neighbours(door: Door, connection: Connection) -> Neighbours:
    """Vouchers to try things on, and far from them some for neighbours."""
    target = a_batch(door, quantity=1_000_000, budget_id=0)
    batch = a_batch(door, quantity=4_000, budget_id=0)
    assert target.serial(6) == 70
    return Neighbours(door, connection, batch, target, iter(batch.serials))


def _with_number(number: int) -> Iterator[tuple[str, c.AnyCommand]]:
    """Commands with a number where one belongs."""
    yield from _uses_with_number(number)
    yield from _supply_with_number(number)
    yield from _care_with_number(number)


def _uses_with_number(number: int) -> Iterator[tuple[str, c.AnyCommand]]:
    facts = Facts(store_id=number)
    line = OrderLine("1", "latte", number, 100)
    place = Place(number, 0)
    yield "serial", redeem(number)
    yield "amount", redeem(70, amount_fen=number)
    yield "uses", redeem(70, uses=number)
    yield "store", redeem(70, facts=facts)
    yield "store path", redeem(70, facts=Facts(store_path=(number,)))
    yield "customer", redeem(70, facts=Facts(customer_id=number))
    yield "person", redeem(70, facts=Facts(person_id=number))
    yield "line quantity", redeem(70, facts=Facts(order=Order("A", (line,))))
    bad_line = OrderLine("1", "latte", 1, number, number)
    yield "line amount", redeem(70, facts=Facts(order=Order("A", (bad_line,))))
    yield "hold", redeem(hold=place)
    yield "hold index", redeem(hold=Place(1, number))
    yield "release", c.Release(at=NOON, hold=place)
    yield "redemption", c.Reverse(at=NOON, redemption=place)
    yield "redemption index", c.Reverse(at=NOON, redemption=Place(1, number))
    yield "reversed serial", c.Reverse(at=NOON, redemption=Place(1, 0), serial=number)
    yield "reversed amount", c.Reverse(at=NOON, redemption=Place(1, 0), amount_fen=number)
    returned = (c.LineReturn("1", number),)
    yield "reversed units", c.Reverse(at=NOON, redemption=Place(1, 0), lines=returned)


def _supply_with_number(number: int) -> Iterator[tuple[str, c.AnyCommand]]:
    yield "budget", c.OpenBudget(at=NOON, budget_id=number, total_fen=-1)
    yield "total", c.OpenBudget(at=NOON, budget_id=1_000_000, total_fen=number)
    yield (
        "expected",
        c.ChangeBudget(at=NOON, budget_id=1_000_000, expected_fen=number, total_fen=number),
    )
    yield "batch", c.DefineBatch(at=NOON, batch_id=number, terms=b"{}")
    yield "version", c.DefineBatch(at=NOON, batch_id=1, terms=b"{}", offer_version_id=number)
    yield "batch budget", c.DefineBatch(at=NOON, batch_id=1, terms=b"{}", budget_id=number)
    yield "minted batch", c.Mint(at=NOON, batch_id=number, quantity=1)
    yield "quantity", c.Mint(at=NOON, batch_id=1_000_000, quantity=number)
    yield "paused batch", c.SetBatchState(at=NOON, batch_id=number, state="paused")
    yield "activated batch", c.Activate(at=NOON, batch_id=number, first_serial=64, quantity=1)
    yield "first", c.Activate(at=NOON, batch_id=1_000_000, first_serial=number, quantity=1)
    yield (
        "organisation",
        c.Allot(at=NOON, batch_id=1_000_000, first_serial=64, quantity=1, organisation_id=number),
    )


def _care_with_number(number: int) -> Iterator[tuple[str, c.AnyCommand]]:
    yield "claimed batch", c.Claim(at=NOON, batch_id=number, facts=Facts(customer_id=7))
    yield (
        "claimed serial",
        c.Claim(at=NOON, batch_id=1_000_000, serial=number, facts=Facts(customer_id=7)),
    )
    yield (
        "claiming customer",
        c.Assign(at=NOON, batch_id=1_000_000, facts=Facts(customer_id=number)),
    )
    yield (
        "paid",
        c.Sell(
            at=NOON,
            batch_id=1_000_000,
            serial=70,
            facts=Facts(),
            paid_fen=number,
            payment_no="P",
            face_fen=number,
        ),
    )
    yield (
        "top-up",
        c.TopUp(at=NOON, serial=number, amount_fen=number, payment_no="P", facts=Facts()),
    )
    yield (
        "held serial",
        c.Hold(at=NOON, vouchers=(c.VoucherUse(70),) * 2, facts=Facts(), expires_at=NOON),
    )
    yield (
        "transfer",
        c.Transfer(at=NOON, serial=70, from_customer_id=number, to_customer_id=number),
    )
    yield "extended", c.Extend(at=NOON, serial=number, valid_until=NOON)
    yield "adjusted", c.Adjust(at=NOON, serial=70, balance_fen=number, reason="试")
    yield "adjusted uses", c.Adjust(at=NOON, serial=70, uses=number, reason="试")
    yield "frozen", c.Freeze(at=NOON, serial=number, reason="试")
    yield "link", structs.replace(redeem(70), link=number)


@pytest.mark.parametrize("number", HUGE)
@pytest.mark.parametrize("keyed", [True, False])
def test_no_number_breaks_the_door_or_its_neighbours(
    neighbours: Neighbours, number: int, keyed: bool
) -> None:
    for name, command in _with_number(number):
        tried = structs.replace(command, key=a_key()) if keyed else command
        outcome = neighbours.answer(tried)
        if abs(number) >= 2**63:
            assert outcome.code is OutcomeCode.MALFORMED_COMMAND, (name, outcome)


@pytest.mark.parametrize("client_id", HUGE)
def test_no_client_number_breaks_the_door(neighbours: Neighbours, client_id: int) -> None:
    outcome = neighbours.answer(redeem(70, key=c.RequestKey(client_id, "k")))
    assert outcome.done == (0 <= client_id < 2**63)


def _with_text(text: str) -> Iterator[tuple[str, c.AnyCommand]]:
    """Commands with a text wherever one belongs; all else in them is well."""
    order = at_the_till().order
    assert order is not None
    lines = order.lines
    yield "key", redeem(70, key=c.RequestKey(1, text))
    yield "actor", structs.replace(redeem(70), actor=text)
    yield "order number", redeem(70, facts=Facts(order=Order(text, lines)))
    yield "line", redeem(70, facts=Facts(order=Order("A", (OrderLine(text, "x", 1, 5),))))
    yield "sku", redeem(70, facts=Facts(order=Order("A", (OrderLine("1", text, 1, 5),))))
    category = OrderLine("1", "x", 1, 5, 0, (text,))
    yield "category", redeem(70, facts=Facts(order=Order("A", (category,))))
    yield "channel", redeem(70, facts=Facts(channel=text))
    yield "terminal", redeem(70, facts=Facts(terminal_kind=text))
    yield "tag", redeem(70, facts=Facts(tags=frozenset({text})))
    yield "reason", c.Freeze(at=NOON, serial=70, reason=text)
    yield "state", c.SetBatchState(at=NOON, batch_id=1_000_000, state=text)
    yield "state's reason", c.SetBatchState(at=NOON, batch_id=9, state="paused", reason=text)
    returned = (c.LineReturn(text, 1),)
    yield "returned line", c.Reverse(at=NOON, redemption=Place(1, 0), lines=returned)
    yield (
        "payment",
        c.TopUp(at=NOON, serial=70, amount_fen=1, payment_no=text, facts=Facts()),
    )


@pytest.mark.parametrize("text", NASTY_TEXTS.values(), ids=NASTY_TEXTS.keys())
@pytest.mark.parametrize("keyed", [True, False])
def test_no_text_breaks_the_door_or_its_neighbours(
    neighbours: Neighbours, text: str, keyed: bool
) -> None:
    for name, command in _with_text(text):
        tried = structs.replace(command, key=a_key()) if keyed and name != "key" else command
        outcome = neighbours.answer(tried)
        if text in (NASTY_TEXTS["surrogate"], TEN_MEGABYTES):
            assert outcome.code is OutcomeCode.MALFORMED_COMMAND, (name, outcome)
    assert number(neighbours.connection, "SELECT max(length(body)) FROM ledger_block") < MEGABYTE


@pytest.mark.parametrize("name", ["nul", "tab and newline", "direction", "full-width"])
def test_odd_but_honest_text_is_kept_exactly_as_it_came(neighbours: Neighbours, name: str) -> None:
    text = NASTY_TEXTS[name]
    order = at_the_till(order_no=text)
    done(neighbours.door, redeem(70, key=c.RequestKey(1, text), facts=order))
    kept = records(neighbours.connection)[-1].command
    assert isinstance(kept, c.Redeem)
    assert kept.key == c.RequestKey(1, text)
    assert kept.facts == order


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 6, 1, 12),  # noqa: DTZ001  # naive on purpose
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
        datetime(9999, 12, 31, 23, tzinfo=timezone(-timedelta(hours=12))),
    ],
    ids=str,
)
@pytest.mark.parametrize("keyed", [True, False])
def test_a_time_that_means_nothing_is_a_malformed_command(
    neighbours: Neighbours, at: datetime, keyed: bool
) -> None:
    key = a_key() if keyed else None
    commands: list[c.AnyCommand] = [
        redeem(70, at=at, key=key),
        c.Extend(at=NOON, serial=70, valid_until=at, key=key),
        c.Hold(at=NOON, vouchers=(c.VoucherUse(70),), facts=Facts(), expires_at=at, key=key),
    ]
    for command in commands:
        assert neighbours.answer(command).code is OutcomeCode.MALFORMED_COMMAND


@pytest.mark.parametrize(
    "terms",
    [
        b"",
        b"\0" * 64,
        b"\xff\xfe" * 100,
        b"[" * 200_000,
        b'{"benefit": {"kind": "amount_off", "amount_fen": 1e400}}',
        b'{"benefit": {"kind": "amount_off", "amount_fen": ' + b"9" * 5_000 + b"}}",
        b'"' + b"x" * (10 * MEGABYTE) + b'"',
        b'{"benefit": {"kind": "\\ud800"}}',
    ],
    ids=["empty", "nul", "not utf-8", "deep", "infinite", "long number", "big", "surrogate"],
)
def test_terms_that_cannot_be_read_define_nothing(
    neighbours: Neighbours, connection: Connection, terms: bytes
) -> None:
    batches = number(connection, "SELECT count(*) FROM ledger_batch")
    define = c.DefineBatch(at=NOON, batch_id=77_777, terms=terms, key=a_key())
    outcome = neighbours.answer(define)
    assert outcome.code is OutcomeCode.MALFORMED_COMMAND
    assert outcome.data["field"] == "terms"
    assert number(connection, "SELECT count(*) FROM ledger_batch") == batches
    assert number(connection, "SELECT max(length(body)) FROM ledger_block") < MEGABYTE


def test_wrong_types_where_a_struct_does_not_look_are_refused(neighbours: Neighbours) -> None:
    """Structs built in Python are not checked as decoded ones are; the door must still hold."""
    wrong: list[Any] = [
        structs.replace(redeem(70), key=a_key(), vouchers=("x",)),
        structs.replace(redeem(70), key=a_key(), facts=None),
        structs.replace(redeem(70), key=a_key(), at="2026-06-01"),
        c.Mint(at=NOON, key=a_key(), batch_id="1", quantity=1.5),  # type: ignore[arg-type]
        structs.replace(redeem(70), key=("a", "b")),
    ]
    before = books(neighbours.connection)
    for command in wrong:
        with pytest.raises((TypeError, AttributeError)):
            neighbours.door.submit([command])
        assert books(neighbours.connection) == before
    neighbours.surround()


def test_too_many_entries_for_one_block_are_no_reason_to_fail(door: Door) -> None:
    """Each use is split over sixteen funders: 64,000 entries in one block."""
    funding = [
        {"kind": "percent", "funder_id": one, "basis_points": 500} for one in range(1, 16)
    ] + [{"kind": "remainder", "funder_id": 0}]
    batch = a_batch(door, quantity=4_000, funding=funding, stack={"policy": "always"}, budget_id=0)
    till = at_the_till(amount_fen=100_000)
    calls = [redeem(*batch.serials[first : first + 8], facts=till) for first in range(0, 4_000, 8)]
    assert set(codes(door.submit(calls))) == {"DONE"}


# Random bytes

_decoder = msgspec.msgpack.Decoder(c.AnyCommand)


def _mutations(seed: int, count: int) -> Iterator[c.AnyCommand]:
    """Commands decoded from bytes of good ones with a few bytes changed, as far as they decode."""
    chance = random.Random(seed)
    good = [msgspec.msgpack.encode(command) for _, command in _with_number(5)]
    found = 0
    while found < count:
        raw = bytearray(chance.choice(good))
        for _ in range(chance.randint(1, 4)):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
        try:
            command = _decoder.decode(raw)
        except (msgspec.MsgspecError, ValueError, OverflowError):
            continue
        found += 1
        yield command


def test_whatever_decodes_is_answered(neighbours: Neighbours, connection: Connection) -> None:
    for start in range(0, 1_000, 50):
        commands = [
            structs.replace(command, key=a_key()) if index % 2 else command
            for index, command in enumerate(_mutations(start, 50))
        ]
        outcomes = neighbours.surround(*commands)
        assert len(outcomes) == 50
        assert not any(one.code is OutcomeCode.BUSY for one in outcomes)


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_bytes_that_are_no_command_are_a_decoding_error(raw: bytes) -> None:
    try:
        _decoder.decode(raw)
    except (msgspec.MsgspecError, ValueError, OverflowError):
        return


# Codes


BOOK = CodeBook([CodeKey(1, b"s" * 32, b"t" * 32)], issuer=9)
KEYBOARD = string.printable + "０１２ＡＢＣ\0\u200bОАВ卡券—\ud800"


def _typed(seed: int) -> Iterator[str]:
    chance = random.Random(seed)
    real = BOOK.encode(123_456)
    for _ in range(2_000):
        yield "".join(chance.choices(KEYBOARD, k=chance.randrange(64)))
        slip = list(real)
        slip[chance.randrange(20)] = chance.choice(KEYBOARD)
        yield "".join(slip)
    yield from (text * 50 for text in NASTY_TEXTS.values())


def test_what_is_typed_as_a_code_is_judged_and_never_mistaken() -> None:
    for typed in _typed(1):
        found = BOOK.decode(typed)
        assert isinstance(found, CodeFault) or found.serial == 123_456


def test_a_code_in_full_width_symbols_is_the_same_code() -> None:
    wide = "".join(chr(ord(symbol) + 0xFEE0) for symbol in BOOK.encode(123_456))
    found = BOOK.decode(wide)
    assert isinstance(found, DecodedCode)
    assert found.serial == 123_456
