"""A code gives back its serial and keys, however it was typed; all else is told apart."""

from __future__ import annotations

import json
from hashlib import blake2b
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaquan.engine.codes import (
    HAND_MAX,
    CodeBook,
    CodeFault,
    CodeKey,
    DecodedCode,
    format_code,
    mask_code,
)
from kaquan.engine.crockford import ALPHABET
from kaquan.engine.shards import SERIAL_BITS, SERIAL_END

OLD_KEY = CodeKey(1, b"old serial key, 32 bytes long...", b"old tag key, also 32 bytes long.")
NEW_KEY = CodeKey(2, b"new serial key, 32 bytes long...", b"new tag key, also 32 bytes long.")
BOOK = CodeBook([NEW_KEY, OLD_KEY], issuer=86)
SERIAL = 123_456_792  # its code has both a 0 and a 1
CODE = BOOK.encode(SERIAL)
FORMATTED = format_code(CODE)
VECTORS = json.loads(Path(__file__).with_name("vectors").joinpath("codes.json").read_bytes())

serials = st.integers(0, SERIAL_END - 1)


def _key(vector: dict[str, str], key_id: int = 1) -> CodeKey:
    return CodeKey(key_id, bytes.fromhex(vector["serial_key"]), bytes.fromhex(vector["tag_key"]))


def _code_by_the_book(key: CodeKey, issuer: int, serial: int, hand: int = 0) -> str:
    """The definition in the docstring of ``codes``, written a second time and plainly."""
    issuer_bytes = issuer.to_bytes(8, "big")
    about, place, person = (serial // 8).to_bytes(8, "big"), serial % 8, b"kaquan.code.tag1"
    if hand:
        about = serial.to_bytes(8, "big") + (hand // 8).to_bytes(8, "big")
        place, person = hand % 8, b"kaquan.code.hand"
    words = blake2b(issuer_bytes + about, key=key.tag_key, person=person).digest()
    word = "".join(f"{byte:08b}" for byte in words[place * 8 :][:8])
    tag = int(word[6:63], 2)
    mask = blake2b(
        issuer_bytes + tag.to_bytes(8, "big"),
        key=key.serial_key,
        person=b"kaquan.code.mask",
        digest_size=8,
    ).digest()
    hidden = serial ^ int("".join(f"{byte:08b}" for byte in mask)[:38], 2)
    bits = f"{hidden:038b}{tag:057b}"
    values = [int(bits[at : at + 5], 2) for at in range(0, 95, 5)]
    check = 0
    for value in [*values, 0]:
        check = (check << 1) ^ (0b100101 if check & 0b10000 else 0) ^ value
    return "".join(ALPHABET[value] for value in [*values, check])


@pytest.mark.parametrize("vector", VECTORS["codes"], ids=lambda vector: vector["code"])
def test_golden_codes_never_change(vector: dict[str, str]) -> None:
    book = CodeBook([_key(vector)], int(vector["issuer"]))
    serial = int(vector["serial"])

    assert book.encode(serial) == vector["code"]
    assert list(book.encode_range(serial, 1)) == [[vector["code"]]]
    assert book.decode(vector["code"]) == DecodedCode(serial, 1)
    assert _code_by_the_book(_key(vector), int(vector["issuer"]), serial) == vector["code"]


@pytest.mark.parametrize("vector", VECTORS["hands"], ids=lambda vector: vector["code"])
def test_golden_codes_of_later_hands_never_change(vector: dict[str, str]) -> None:
    book, serial, hand = CodeBook([_key(vector)], 86), int(vector["serial"]), int(vector["hand"])

    assert book.encode(serial, hand) == vector["code"]
    assert book.decode(vector["code"]) == DecodedCode(serial, 1, hand)
    assert _code_by_the_book(_key(vector), 86, serial, hand) == vector["code"]


@given(serial=serials, hand=st.integers(0, HAND_MAX), key=st.sampled_from([NEW_KEY, OLD_KEY]))
def test_every_serial_and_its_hand_come_back_from_its_code(
    serial: int, hand: int, key: CodeKey
) -> None:
    code = BOOK.encode(serial, hand, key_id=key.key_id)

    assert len(code) == 20
    assert set(code) <= set(ALPHABET)
    assert BOOK.decode(code) == DecodedCode(serial, key.key_id, hand)
    assert BOOK.decode(format_code(code)) == DecodedCode(serial, key.key_id, hand)


@settings(max_examples=40)
@given(first=serials, count=st.integers(0, 300), step=st.sampled_from([1, 2, 7, 8, 64]))
def test_codes_written_in_bulk_are_those_written_one_by_one(
    first: int, count: int, step: int
) -> None:
    first = min(first, SERIAL_END - 300 * 64)

    bulk = [code for chunk in BOOK.encode_range(first, count, step) for code in chunk]

    assert bulk == [BOOK.encode(first + place * step) for place in range(count)]


def test_bulk_codes_agree_over_chunk_borders_and_come_formatted_if_asked() -> None:
    chunks = list(BOOK.encode_range(5, 20_000, separator="-", key_id=OLD_KEY.key_id))
    codes = [code for chunk in chunks for code in chunk]

    assert len(chunks) > 2
    assert len(codes) == 20_000
    for place in (0, 8_191, 8_192, 16_383, 16_384, 19_999):
        assert codes[place] == format_code(BOOK.encode(5 + place, key_id=OLD_KEY.key_id))


def test_bulk_codes_are_made_as_they_are_taken() -> None:
    every_code_there_is = BOOK.encode_range(0, SERIAL_END)

    assert next(every_code_there_is)[:2] == [BOOK.encode(0), BOOK.encode(1)]


@pytest.mark.parametrize(
    ("first", "count", "step"),
    [(-1, 1, 1), (SERIAL_END, 1, 1), (SERIAL_END - 1, 2, 1), (0, -1, 1), (0, 1, 0), (9, 2, -8)],
)
def test_serials_that_do_not_exist_get_no_codes(first: int, count: int, step: int) -> None:
    with pytest.raises(ValueError, match=r"serials|cannot write"):
        BOOK.encode_range(first, count, step)


@pytest.mark.parametrize("serial", [-1, SERIAL_END, 10**30])
def test_a_serial_that_does_not_exist_has_no_code(serial: int) -> None:
    with pytest.raises(ValueError, match="serial"):
        BOOK.encode(serial)


@pytest.mark.parametrize(
    "typed",
    [
        FORMATTED.lower(),
        f"  {FORMATTED}\r\n",
        CODE.replace("1", "l").replace("0", "o"),
        CODE.replace("1", "I").replace("0", "O"),
        "\u3000".join(CODE),
        FORMATTED.replace("-", "－"),
        FORMATTED.replace("-", "—"),
        FORMATTED.replace("-", "–"),
        FORMATTED.replace("-", "ー"),
        FORMATTED.replace("-", "\u00a0\u200b"),
        "\ufeff" + FORMATTED,
        "".join(chr(ord(symbol) + 0xFEE0) for symbol in CODE),
        "".join(chr(ord(symbol) + 0xFEE0) for symbol in CODE.lower()),
        "".join(chr(ord(symbol) + 0xFEE0) for symbol in CODE.replace("1", "l").replace("0", "o")),
    ],
)
def test_what_people_and_their_keyboards_type_is_understood(typed: str) -> None:
    assert "1" in CODE
    assert "0" in CODE
    assert BOOK.decode(typed) == DecodedCode(SERIAL, NEW_KEY.key_id)


@pytest.mark.parametrize(
    "text",
    [
        "",
        CODE[:-1],
        CODE + "0",
        CODE[:-1] + "U",
        CODE[:-1] + "u",
        CODE[:-1] + "\uff35",  # full-width U
        CODE[:-1] + "\u0410",  # Cyrillic A
        CODE[:-1] + "\u039a",  # Greek Kappa
        CODE[:-1] + "\u0661",  # Arabic-Indic one
        CODE[:-1] + "!",
        CODE[:-1] + "\x00",
        CODE[:-1] + "\ud800",
        CODE[:-1] + "一",
        CODE[:-1] + "\U0001f600",
        CODE[:10] + "_" + CODE[10:],
        "+" + CODE[1:],
        "-" * 10_000_000,
        CODE * 500_000,
    ],
    ids=lambda text: ascii(text[:24]),
)
def test_what_cannot_be_a_code_is_malformed(text: str) -> None:
    assert BOOK.decode(text) is CodeFault.MALFORMED
    assert mask_code(text) == "****-****-****-****-****"


@given(text=st.text(st.characters()) | st.text(ALPHABET + "-oOiIlLuU\u3000\x00\ud800", max_size=70))
def test_no_text_makes_decoding_fail(text: str) -> None:
    assert isinstance(BOOK.decode(text), CodeFault)
    assert len(mask_code(text)) == 24


def test_a_code_of_retired_keys_is_read_until_they_are_removed() -> None:
    old_book = CodeBook([OLD_KEY], issuer=86)
    old_code = old_book.encode(SERIAL)

    assert old_code != CODE
    assert BOOK.decode(old_code) == DecodedCode(SERIAL, OLD_KEY.key_id)
    assert BOOK.encode(SERIAL, key_id=OLD_KEY.key_id) == old_code
    assert old_book.decode(CODE) is CodeFault.FORGED
    with pytest.raises(ValueError, match="no active code key 2"):
        old_book.encode(SERIAL, key_id=NEW_KEY.key_id)


def test_a_code_of_another_issuer_is_forged_even_under_the_same_keys() -> None:
    elsewhere = CodeBook([NEW_KEY], issuer=87)

    assert elsewhere.decode(CODE) is CodeFault.FORGED


SHORT = b"31 bytes are one too few bytes."
LONG = b"x" * 65


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [OLD_KEY, CodeKey(1, NEW_KEY.serial_key, NEW_KEY.tag_key)],
        [CodeKey(1, SHORT, OLD_KEY.tag_key)],
        [CodeKey(1, OLD_KEY.serial_key, SHORT)],
        [CodeKey(1, LONG, OLD_KEY.tag_key)],
        [CodeKey(1, OLD_KEY.serial_key, OLD_KEY.serial_key)],
    ],
)
def test_unusable_keys_are_refused_at_once(keys: list[CodeKey]) -> None:
    with pytest.raises(ValueError, match="key"):
        CodeBook(keys, issuer=86)


def test_a_key_shown_or_logged_keeps_its_secrets() -> None:
    assert repr(OLD_KEY) == "CodeKey(key_id=1)"


def test_a_masked_code_shows_its_last_four_symbols_only() -> None:
    assert mask_code(FORMATTED.lower()) == f"****-****-****-****-{CODE[-4:]}"


def test_the_code_has_room_for_exactly_the_serials_there_are() -> None:
    assert SERIAL_BITS + 57 + 5 == 20 * 5
    assert BOOK.decode(BOOK.encode(SERIAL_END - 1)) == DecodedCode(SERIAL_END - 1, 2)
