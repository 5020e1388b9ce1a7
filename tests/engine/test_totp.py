"""Passwords by time against the RFC's own vectors, and dynamic codes that are soon over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaquan.engine.codes import HAND_MAX, CodeFault, Presented
from kaquan.engine.dynamic_codes import (
    MEMBER_PROFILE,
    DynamicKey,
    is_dynamic,
    read_dynamic,
    text_at,
)
from kaquan.engine.shards import SERIAL_END
from kaquan.engine.totp import password, step_of

NOON = datetime(2026, 6, 1, 4, tzinfo=UTC)
KEY = DynamicKey(bytes(range(32)))
SEED = b"1234567890"

# RFC 6238, appendix B: seconds, and the passwords for SHA-1, SHA-256 and SHA-512.
VECTORS = [
    (59, "94287082", "46119246", "90693936"),
    (1111111109, "07081804", "68084774", "25091201"),
    (1111111111, "14050471", "67062674", "99943326"),
    (1234567890, "89005924", "91819424", "93441116"),
    (2000000000, "69279037", "90698825", "38618901"),
    (20000000000, "65353130", "77737706", "47863826"),
]


@pytest.mark.parametrize(("seconds", "sha1", "sha256", "sha512"), VECTORS)
def test_passwords_are_those_of_rfc_6238(seconds: int, sha1: str, sha256: str, sha512: str) -> None:
    step = step_of(datetime.fromtimestamp(seconds, UTC))
    seeds = {"sha1": 20, "sha256": 32, "sha512": 64}

    found = {
        name: password((SEED * 7)[:size], step, algorithm=name) for name, size in seeds.items()
    }

    assert found == {"sha1": sha1, "sha256": sha256, "sha512": sha512}


@given(st.integers(0, SERIAL_END - 1), st.integers(0, HAND_MAX))
def test_a_dynamic_code_stands_for_its_voucher_in_one_hand(serial: int, hand: int) -> None:
    text = text_at(KEY, serial, NOON, hand)

    assert is_dynamic(text)
    assert read_dynamic((DynamicKey(bytes(32)), KEY), text, NOON) == Presented(serial, hand)


def test_a_dynamic_code_of_the_first_hand_is_what_it_was_before_hands_were_counted() -> None:
    assert text_at(KEY, 77, NOON) == "K14HHCXVGK42463118"
    assert len({text_at(KEY, 77, NOON, hand)[10:] for hand in range(HAND_MAX + 1)}) == HAND_MAX + 1


def test_a_members_code_has_no_other_hand() -> None:
    member = DynamicKey(bytes(range(32)), MEMBER_PROFILE)

    assert read_dynamic((member,), text_at(member, 77, NOON), NOON) == Presented(77, 0)
    assert read_dynamic((member,), text_at(member, 77, NOON, 4), NOON) is CodeFault.FORGED


@pytest.mark.parametrize("late_s", [61, 90, 3_600])
def test_a_picture_of_an_hour_or_a_minute_ago_is_refused(late_s: int) -> None:
    text = text_at(KEY, 77, NOON)

    assert read_dynamic((KEY,), text, NOON + timedelta(seconds=late_s)) is CodeFault.FORGED
    assert read_dynamic((KEY,), text, NOON - timedelta(seconds=late_s)) is CodeFault.FORGED
    assert read_dynamic((KEY,), text, NOON + timedelta(seconds=59)) == Presented(77, 0)


@given(st.text(max_size=30))
def test_any_other_text_is_refused(text: str) -> None:
    assert isinstance(read_dynamic((KEY,), text, NOON), CodeFault)


def test_another_vouchers_password_does_not_fit() -> None:
    one, other = text_at(KEY, 1, NOON), text_at(KEY, 2, NOON)

    assert read_dynamic((KEY,), one[:10] + other[10:], NOON) is CodeFault.FORGED
