"""Amounts are written one way and read in every way that people and spreadsheets write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaquan.engine.money import MAX_FEN, MoneyFault, format_yuan, parse_yuan


@pytest.mark.parametrize(
    ("amount_fen", "text"),
    [
        (0, "¥0.00"),
        (5, "¥0.05"),
        (123_450, "¥1,234.50"),
        (-5, "-¥0.05"),
        (-100_000_000, "-¥1,000,000.00"),
        (MAX_FEN, "¥100,000,000,000.00"),
    ],
)
def test_amounts_are_written_with_their_sign_first(amount_fen: int, text: str) -> None:
    assert format_yuan(amount_fen) == text


@given(amount_fen=st.integers(-MAX_FEN, MAX_FEN))
def test_a_written_amount_reads_back_to_the_fen(amount_fen: int) -> None:
    assert parse_yuan(format_yuan(amount_fen), negative_allowed=True) == amount_fen


@pytest.mark.parametrize(
    ("text", "amount_fen"),
    [
        ("12", 1_200),
        ("12.5", 1_250),
        ("12.50", 1_250),
        ("0.05", 5),
        ("007", 700),
        ("+3", 300),
        ("1,234.50", 123_450),
        ("1，234．5", 123_450),
        ("１２３４．５０", 123_450),
        ("￥１２", 1_200),
        ("¥ 12", 1_200),
        ("12元", 1_200),
        ("12.5 元", 1_250),
        ("\u3000 12 \r\n", 1_200),
        ("-0", 0),
        ("-0.00", 0),
        ("100000000000", MAX_FEN),
    ],
)
def test_amounts_are_read_as_people_write_them(text: str, amount_fen: int) -> None:
    assert parse_yuan(text) == amount_fen


@pytest.mark.parametrize("text", ["-1.5", "−1.5", "－１．５", "-¥1.50", "¥-1.50"])
def test_a_minus_counts_only_where_it_makes_sense(text: str) -> None:
    assert parse_yuan(text) is MoneyFault.NEGATIVE
    assert parse_yuan(text, negative_allowed=True) == -150


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", MoneyFault.NOT_AN_AMOUNT),
        ("   ", MoneyFault.NOT_AN_AMOUNT),
        ("-", MoneyFault.NOT_AN_AMOUNT),
        (".5", MoneyFault.NOT_AN_AMOUNT),
        ("5.", MoneyFault.NOT_AN_AMOUNT),
        ("NaN", MoneyFault.NOT_AN_AMOUNT),
        ("inf", MoneyFault.NOT_AN_AMOUNT),
        ("1e9", MoneyFault.NOT_AN_AMOUNT),
        ("0x10", MoneyFault.NOT_AN_AMOUNT),
        ("1_000", MoneyFault.NOT_AN_AMOUNT),
        ("12,34", MoneyFault.NOT_AN_AMOUNT),
        ("1,2345", MoneyFault.NOT_AN_AMOUNT),
        (",123", MoneyFault.NOT_AN_AMOUNT),
        ("1.2.3", MoneyFault.NOT_AN_AMOUNT),
        ("--1", MoneyFault.NOT_AN_AMOUNT),
        ("-¥-1", MoneyFault.NOT_AN_AMOUNT),
        ("1 2", MoneyFault.NOT_AN_AMOUNT),
        ("1\n2", MoneyFault.NOT_AN_AMOUNT),
        ("$5", MoneyFault.NOT_AN_AMOUNT),
        ("٣", MoneyFault.NOT_AN_AMOUNT),
        ("½", MoneyFault.NOT_AN_AMOUNT),
        ("五", MoneyFault.NOT_AN_AMOUNT),
        ("1\x00", MoneyFault.NOT_AN_AMOUNT),
        ("\ud800", MoneyFault.NOT_AN_AMOUNT),
        ("9" * 10_000_000, MoneyFault.NOT_AN_AMOUNT),
        ("1.234", MoneyFault.TOO_PRECISE),
        ("1.000", MoneyFault.TOO_PRECISE),
        ("100000000000.01", MoneyFault.TOO_LARGE),
        ("-100000000000.01", MoneyFault.TOO_LARGE),
        ("9" * 40, MoneyFault.TOO_LARGE),
    ],
    ids=lambda value: ascii(value[:20]) if isinstance(value, str) else value.value,
)
def test_what_is_not_an_amount_is_refused_with_its_reason(text: str, fault: MoneyFault) -> None:
    assert parse_yuan(text, negative_allowed=True) is fault


@given(
    text=st.text(st.characters(), max_size=45) | st.text("0123456789.,-+¥元 ０９，．", max_size=45)
)
def test_no_text_makes_reading_fail(text: str) -> None:
    amount = parse_yuan(text, negative_allowed=True)

    if not isinstance(amount, MoneyFault):
        assert -MAX_FEN <= amount <= MAX_FEN
