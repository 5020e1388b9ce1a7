"""The check symbol finds every single wrong symbol and every swap of two, wherever they stand."""

from __future__ import annotations

import random
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaquan.engine.codes import CodeBook, CodeFault, CodeKey
from kaquan.engine.crockford import (
    ALPHABET,
    check_symbol,
    fold,
    is_checked,
    number_of,
    symbols_of,
)

BOOK = CodeBook([CodeKey(1, b"s" * 32, b"t" * 32)], issuer=1)
LENGTHS = (2, 8, 17, 20, 31)


def _words(length: int) -> list[str]:
    rng = random.Random(length)
    words = ["".join(rng.choices(ALPHABET, k=length - 1)) for _ in range(25)]
    return [word + check_symbol(word) for word in words]


@pytest.mark.parametrize("length", LENGTHS)
def test_every_single_wrong_symbol_is_found(length: int) -> None:
    for word in _words(length):
        assert is_checked(word)
        for place in range(length):
            for symbol in ALPHABET.replace(word[place], ""):
                assert not is_checked(word[:place] + symbol + word[place + 1 :])


@pytest.mark.parametrize("length", LENGTHS)
def test_every_swap_of_two_symbols_at_any_distance_is_found(length: int) -> None:
    for word in _words(length):
        for left, right in combinations(range(length), 2):
            swapped = list(word)
            swapped[left], swapped[right] = word[right], word[left]
            assert is_checked("".join(swapped)) == (word[left] == word[right])


def test_few_double_errors_pass_unseen() -> None:
    rng = random.Random(2)
    missed = 0
    for word in _words(20) * 400:
        left, right = sorted(rng.sample(range(20), 2))
        wrong = [rng.choice(ALPHABET.replace(word[place], "")) for place in (left, right)]
        missed += is_checked(
            word[:left] + wrong[0] + word[left + 1 : right] + wrong[1] + word[right + 1 :]
        )

    assert 0.025 < missed / 10_000 < 0.039  # 1/31 are missed: one symbol cannot do better


def test_a_slip_in_a_code_is_mistyped_and_not_forged() -> None:
    code = BOOK.encode(42)

    for place in range(20):
        slip = code[:place] + ("A" if code[place] != "A" else "B") + code[place + 1 :]
        assert BOOK.decode(slip) is CodeFault.MISTYPED


def test_more_symbols_than_the_check_covers_are_refused() -> None:
    assert check_symbol("A" * 30)
    with pytest.raises(AssertionError, match="31 symbols"):
        check_symbol("A" * 31)


@given(length=st.integers(1, 40), data=st.data())
def test_numbers_and_symbols_are_two_ways_to_write_the_same(
    length: int, data: st.DataObject
) -> None:
    number = data.draw(st.integers(0, 32**length - 1))

    symbols = symbols_of(number, length)

    assert len(symbols) == length
    assert number_of(symbols) == number


@pytest.mark.parametrize(("number", "length"), [(-1, 3), (32**3, 3), (1, 0)])
def test_a_number_too_large_for_its_symbols_is_refused(number: int, length: int) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        symbols_of(number, length)


@given(text=st.text(st.characters(), max_size=80))
def test_folding_gives_plain_symbols_or_nothing_and_changes_them_no_more(text: str) -> None:
    folded = fold(text)

    if folded is not None:
        assert set(folded) <= set(ALPHABET)
        assert fold(folded) == folded
