"""Codes cannot be made without the keys, and say nothing about their neighbours or their number."""

from __future__ import annotations

import random
from itertools import pairwise

from kaquan.engine.codes import CodeBook, CodeFault, CodeKey, DecodedCode
from kaquan.engine.crockford import ALPHABET, check_symbol, number_of, symbols_of
from kaquan.engine.shards import SERIAL_END

KEY = CodeKey(7, bytes(range(32)), bytes(range(32, 64)))
BOOK = CodeBook([KEY], issuer=1)
PAYLOAD_BITS = 95
NEIGHBOURS = 4_096


def _with_check(symbols: str) -> str:
    return symbols + check_symbol(symbols)


def _payloads(first: int, count: int) -> list[int]:
    codes = [code for chunk in BOOK.encode_range(first, count) for code in chunk]
    return [number_of(code[:-1]) for code in codes]


def test_every_flipped_bit_of_a_code_is_found_even_with_the_check_symbol_put_right() -> None:
    for payload in _payloads(1_000, 64):
        for bit in range(PAYLOAD_BITS):
            forged = _with_check(symbols_of(payload ^ 1 << bit, 19))

            assert BOOK.decode(forged) is CodeFault.FORGED


def test_of_many_guesses_with_a_right_check_symbol_none_is_accepted() -> None:
    rng = random.Random(20_240_601)

    for _ in range(30_000):
        guess = _with_check("".join(rng.choices(ALPHABET, k=19)))
        assert BOOK.decode(guess) is CodeFault.FORGED


def test_the_parts_of_two_good_codes_do_not_make_a_third() -> None:
    codes = [code for chunk in BOOK.encode_range(0, 64) for code in chunk]

    for one, other in pairwise(codes):
        for cut in range(1, 19):
            spliced = _with_check(one[:cut] + other[cut:19])
            assert spliced in (one, other) or BOOK.decode(spliced) is CodeFault.FORGED


def test_different_serials_never_share_a_code() -> None:
    codes = [code for chunk in BOOK.encode_range(SERIAL_END - 200_000, 200_000) for code in chunk]

    assert len(set(codes)) == 200_000
    assert BOOK.decode(codes[0]) == DecodedCode(SERIAL_END - 200_000, 7)


def test_codes_of_neighbours_differ_in_half_of_their_bits() -> None:
    payloads = _payloads(0, NEIGHBOURS)

    distances = [(one ^ other).bit_count() for one, other in pairwise(payloads)]

    # Binomial(95, ½) has deviation 4.87, so 0.4 is five deviations of a mean of 4,095.
    assert abs(sum(distances) / len(distances) - PAYLOAD_BITS / 2) < 0.4
    assert min(distances) > 20


def test_every_bit_of_a_code_is_set_as_often_as_not() -> None:
    payloads = _payloads(64_000, NEIGHBOURS)

    for bit in range(PAYLOAD_BITS):
        ones = sum(payload >> bit & 1 for payload in payloads)
        assert abs(ones - NEIGHBOURS / 2) < 5 * NEIGHBOURS**0.5 / 2


def test_codes_in_order_of_their_serials_are_in_no_order() -> None:
    payloads = _payloads(0, NEIGHBOURS)

    rising = sum(one < other for one, other in pairwise(payloads))

    # Descents of a random permutation of n: deviation √((n+1)/12), here 18.5.
    assert abs(rising - NEIGHBOURS / 2) < 5 * 18.5


def test_codes_do_not_tell_how_many_there_are() -> None:
    first_thousand, last_thousand = _payloads(0, 1_000), _payloads(SERIAL_END - 1_000, 1_000)

    # Leading symbols of the youngest and of the oldest vouchers spread over the same range.
    for payloads in (first_thousand, last_thousand):
        leading = {payload >> PAYLOAD_BITS - 5 for payload in payloads}
        assert len(leading) == 32
