"""Numbers of redemptions and holds: every place has one, and a slip of the finger names nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaquan.engine.crockford import ALPHABET
from kaquan.engine.places import SEQUENCE_BITS, Place, block_number
from kaquan.redemption.receipt_numbers import (
    INDEX_BITS,
    LANE_BITS,
    ReceiptKind,
    format_receipt,
    parse_receipt,
)

places = st.builds(
    lambda lane, sequence, index: Place(block_number(lane, sequence), index),
    st.integers(1, (1 << LANE_BITS) - 1),
    st.integers(1, (1 << SEQUENCE_BITS) - 1),
    st.integers(0, (1 << INDEX_BITS) - 1),
)


@given(st.sampled_from(ReceiptKind), places)
def test_a_number_names_its_place_and_no_other_kind(kind: ReceiptKind, place: Place) -> None:
    number = format_receipt(kind, place)

    assert parse_receipt(kind, number) == place
    assert not any(parse_receipt(other, number) for other in ReceiptKind if other is not kind)


@given(places, st.data())
def test_one_wrong_symbol_names_nothing(place: Place, data: st.DataObject) -> None:
    number = format_receipt(ReceiptKind.REDEMPTION, place)
    at = data.draw(st.integers(1, len(number) - 1))
    wrong = data.draw(st.sampled_from(ALPHABET).filter(lambda symbol: symbol != number[at]))

    assert parse_receipt(ReceiptKind.REDEMPTION, number[:at] + wrong + number[at + 1 :]) is None


def test_what_people_type_for_a_number_is_understood() -> None:
    place = Place(block_number(1, 1), 0)

    assert format_receipt(ReceiptKind.REDEMPTION, place) == "R200100A"
    for typed in ("r200100a", "R-2001-00A", " ｒ２ＯＯ１ＯＯＡ ", "r2ooioOa"):
        assert parse_receipt(ReceiptKind.REDEMPTION, typed) == place


@given(st.text())
def test_any_text_gets_an_answer(text: str) -> None:
    place = parse_receipt(ReceiptKind.HOLD, text)

    assert place is None or parse_receipt(ReceiptKind.HOLD, format_receipt(ReceiptKind.HOLD, place))


@pytest.mark.parametrize("text", ["", "R", "R0", "H" * 70, "\x00", "\udcff", "R" + "Z" * 15])
def test_what_cannot_be_a_number_is_none(text: str) -> None:
    assert parse_receipt(ReceiptKind.REDEMPTION, text) is None
