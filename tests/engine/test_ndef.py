"""NDEF messages: the NFC Forum's own examples, and whatever a broken tag may hold."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaquan.engine import ndef

# NFC Forum, URI Record Type Definition 1.0, annex A.1 and A.2; Text RTD 1.0, annex A.
URI_NFC = bytes.fromhex("d1 01 08 55 01 6e 66 63 2e 63 6f 6d")
TEL = bytes.fromhex("d1 01 0d 55 05 2b 33 35 38 39 31 32 33 34 35 36 37")
TEXT = bytes.fromhex("d1 01 10 54 02 65 6e") + b"Hello, world!"


def test_links_are_written_as_in_the_standards_examples() -> None:
    assert ndef.encode([ndef.uri_record("http://www.nfc.com")]) == URI_NFC
    assert ndef.encode([ndef.uri_record("tel:+35891234567")]) == TEL
    assert ndef.encode([ndef.text_record("Hello, world!", "en")]) == TEXT


def test_the_standards_examples_are_read() -> None:
    assert ndef.uri_of(ndef.decode(URI_NFC)[0]) == "http://www.nfc.com"
    assert ndef.uri_of(ndef.decode(TEL)[0]) == "tel:+35891234567"
    assert ndef.text_of(ndef.decode(TEXT)[0]) == ("Hello, world!", "en")


def test_a_link_with_text_and_a_card_come_back_as_they_were() -> None:
    records = [
        ndef.uri_record("https://coupons.example/w/c/abc"),
        ndef.text_record("领券", "zh"),
        ndef.card_record("M-100"),
    ]

    assert ndef.decode(ndef.encode(records)) == records
    assert ndef.card_of(records[2]) == "M-100"


@pytest.mark.parametrize("cut", range(1, len(URI_NFC)))
def test_a_message_that_is_cut_off_is_refused(cut: int) -> None:
    with pytest.raises(ValueError, match=r"cut off|no end"):
        ndef.decode(URI_NFC[:cut])


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(message: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert ndef.decode(ndef.encode(ndef.decode(message)))
