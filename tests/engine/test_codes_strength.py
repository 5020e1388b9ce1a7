"""Pools that can be guessed are refused, by the formula and with the length that would do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaquan.engine.code_strength import (
    Threat,
    check_pool_strength,
    millibits_of,
    minimum_length,
    observe_pool,
    random_code_space,
    required_millibits,
)
from kaquan.engine.codes import TAG_BITS

GUESSES_PER_S = (1, 10, 472, 1_111, 10_000, 100_000)

# One year, one chance in a million: tenths of a bit, and symbols out of 32, for each guessing rate.
NEEDED = {
    10**5: "61.5/13 64.8/13 70.3/15 71.6/15 74.7/15 78.1/16",
    10**6: "64.8/13 68.1/14 73.7/15 74.9/15 78.1/16 81.4/17",
    10**7: "68.1/14 71.4/15 77.0/16 78.2/16 81.4/17 84.7/17",
    10**8: "71.4/15 74.7/15 80.3/17 81.5/17 84.7/17 88.0/18",
    10**9: "74.7/15 78.1/16 83.6/17 84.9/17 88.0/18 91.4/19",
    10**10: "78.1/16 81.4/17 86.9/18 88.2/18 91.4/19 94.7/19",
}


def _nearest_tenth(millibits: int) -> str:
    tenths = (millibits + 50) // 100
    return f"{tenths // 10}.{tenths % 10}"


@pytest.mark.parametrize("live_codes", NEEDED)
def test_the_formula_gives_the_published_table(live_codes: int) -> None:
    threats = [Threat(live_codes=live_codes, guesses_per_s=rate) for rate in GUESSES_PER_S]

    cells = [f"{_nearest_tenth(required_millibits(t))}/{minimum_length(t, 32)}" for t in threats]

    assert " ".join(cells) == NEEDED[live_codes]


@pytest.mark.parametrize(
    ("name", "length", "alphabet_size", "bits"),
    [
        ("8 digits", 8, 10, "26.6"),
        ("10 digits", 10, 10, "33.2"),
        ("12 digits", 12, 10, "39.9"),
        ("16 digits", 16, 10, "53.2"),
        ("8 of 28", 8, 28, "38.5"),
        ("8 of 36", 8, 36, "41.4"),
        ("12 of 28", 12, 28, "57.7"),
        ("16 of 32", 16, 32, "80.0"),
    ],
)
def test_common_formats_have_the_published_bits(
    name: str, length: int, alphabet_size: int, bits: str
) -> None:
    assert _nearest_tenth(millibits_of(random_code_space(length, alphabet_size))) == bits


def test_our_tag_withstands_four_thousand_guesses_a_second_for_a_year() -> None:
    def needs(rate: int) -> int:
        return required_millibits(Threat(live_codes=1, guesses_per_s=rate))

    assert [_nearest_tenth(needs(rate)) for rate in (1, 10, 472, 1_111, 10_000)] == [
        "44.8", "48.2", "53.7", "55.0", "58.1",
    ]  # fmt: skip
    assert needs(4_000) < TAG_BITS * 1000 < needs(5_000)


def test_a_weak_pool_is_refused_with_the_length_that_would_do() -> None:
    verdict = check_pool_strength(
        space=random_code_space(8, 28),
        alphabet_size=28,
        threat=Threat(live_codes=10**6, guesses_per_s=472),
    )

    assert not verdict.ok
    assert (verdict.millibits, verdict.required_millibits) == (38_458, 73_657)
    assert verdict.minimum_length == 16
    assert verdict.zh == (
        "券码太弱：只有 38.4 位；有效券 1,000,000 张、每秒猜测 472 次时需要 73.7 位。"
        "同样字符的随机券码至少要 16 个字符。"
    )
    assert verdict.en == (
        "Too weak: 38.4 bits. 1,000,000 live codes and 472 guesses a second need 73.7. "
        "Random codes over the same characters need at least 16 of them."
    )


def test_a_weak_pool_gets_in_only_by_an_explicit_decision_and_stays_marked() -> None:
    verdict = check_pool_strength(
        space=10**8, alphabet_size=10, threat=Threat(live_codes=1_000), accept_weak=True
    )

    assert verdict.ok
    assert verdict.accepted_weak
    assert "按明确决定" in verdict.zh
    assert "on purpose" in verdict.en


def test_a_strong_pool_needs_no_decision() -> None:
    verdict = check_pool_strength(
        space=random_code_space(16, 32),
        alphabet_size=32,
        threat=Threat(live_codes=10**9),
        accept_weak=True,
    )

    assert verdict.ok
    assert not verdict.accepted_weak
    assert verdict.zh == "券码强度足够：80.0 位，需要 78.1 位。"


def test_one_code_more_or_less_than_needed_decides() -> None:
    threat = Threat(live_codes=3, guesses_per_s=7, duration_s=11, accepted_one_in=13)

    assert check_pool_strength(space=3_003, alphabet_size=10, threat=threat).ok
    assert not check_pool_strength(space=3_002, alphabet_size=10, threat=threat).ok


def test_counted_up_numbers_are_seen_to_be_weak_however_long_they_look() -> None:
    shape = observe_pool(f"SPRING2024{number:010}" for number in range(10_000))

    assert (shape.count, shape.alphabet_size) == (10_000, 16)
    assert shape.space == 10_000
    verdict = check_pool_strength(
        space=shape.space,
        alphabet_size=shape.alphabet_size,
        threat=Threat(live_codes=shape.count),
    )
    assert not verdict.ok


def test_codes_of_several_lengths_add_up_their_spaces() -> None:
    shape = observe_pool(["AB", "CD", "AAA", "BBB"])

    assert (shape.count, shape.alphabet_size, shape.space) == (4, 4, 2 * 2 + 2 * 2 * 2)


@pytest.mark.parametrize("codes", [[], ["AAAA"] * 3])
def test_a_pool_of_no_variety_is_refused_and_pointed_to_random_codes(codes: list[str]) -> None:
    shape = observe_pool(codes)

    verdict = check_pool_strength(
        space=shape.space, alphabet_size=shape.alphabet_size, threat=Threat(live_codes=1)
    )

    assert not verdict.ok
    assert verdict.minimum_length is None
    assert "请改用随机券码" in verdict.zh
    assert "Use random codes" in verdict.en


@given(space=st.integers(1, 2**130))
def test_thousandths_of_bits_are_exact(space: int) -> None:
    millibits = millibits_of(space)

    assert 2**millibits <= space**1000 < 2 ** (millibits + 1)


@pytest.mark.parametrize("field", ["live_codes", "guesses_per_s", "duration_s", "accepted_one_in"])
def test_a_threat_of_nothing_is_refused(field: str) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Threat(**{"live_codes": 1, field: 0})


@pytest.mark.parametrize(("length", "alphabet_size"), [(0, 10), (65, 10), (8, 0)])
def test_a_code_without_length_or_alphabet_is_refused(length: int, alphabet_size: int) -> None:
    with pytest.raises(ValueError, match="characters"):
        random_code_space(length, alphabet_size)


def test_no_space_has_no_bits() -> None:
    with pytest.raises(ValueError, match="at least one code"):
        millibits_of(0)
