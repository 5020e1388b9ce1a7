"""Codes made elsewhere are found again however they are typed, and cannot be read back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaquan.engine.codes import CodeFault, fold_pool_code, pool_hash

KEY = b"a pool key of at least 32 bytes."
VECTORS = json.loads(Path(__file__).with_name("vectors").joinpath("codes.json").read_bytes())


@pytest.mark.parametrize("vector", VECTORS["pool"], ids=lambda vector: vector["raw"])
def test_golden_pool_hashes_never_change(vector: dict[str, str]) -> None:
    assert pool_hash(bytes.fromhex(vector["key"]), vector["raw"]) == bytes.fromhex(vector["hash"])


@pytest.mark.parametrize(
    "typed",
    [
        "abC-123",
        " ABC 123\r\n",
        "ＡＢＣ－１２３",
        "ａｂｃ１２３",
        "A\u200bBC—123",
        "\ufeffabc\u3000123",
        "abcー123",
    ],
)
def test_case_width_spaces_and_dashes_do_not_count(typed: str) -> None:
    assert pool_hash(KEY, typed) == pool_hash(KEY, "ABC123")


@pytest.mark.parametrize(
    ("one", "other"), [("O", "0"), ("I", "1"), ("l", "1"), ("A", "А"), ("券", "卷")]
)
def test_look_alikes_of_foreign_alphabets_stay_apart(one: str, other: str) -> None:
    assert pool_hash(KEY, f"X{one}") != pool_hash(KEY, f"X{other}")


def test_another_key_gives_another_hash() -> None:
    digest = pool_hash(KEY, "ABC123")

    assert isinstance(digest, bytes)
    assert len(digest) == 16
    assert digest != pool_hash(KEY[::-1], "ABC123")


@pytest.mark.parametrize(
    "raw",
    [
        "",
        " -－\u3000",
        "x" * 65,
        "x" * 10_000_000,
        "\ufdfa" * 64,
        "a\x00b",
        "a\ud800",
        "a\ue000",
        "a\U000e0fff",
    ],
    ids=lambda raw: ascii(raw[:12]),
)
def test_what_cannot_be_a_pool_code_is_malformed(raw: str) -> None:
    assert pool_hash(KEY, raw) is CodeFault.MALFORMED


def test_sixty_four_characters_are_the_longest_code() -> None:
    assert pool_hash(KEY, "x" * 64) != CodeFault.MALFORMED


@pytest.mark.parametrize("key", [b"", b"k" * 31, b"k" * 65])
def test_an_unusable_pool_key_is_refused(key: bytes) -> None:
    with pytest.raises(ValueError, match="pool key"):
        pool_hash(key, "ABC123")


@given(raw=st.text(st.characters(), max_size=70))
def test_folding_again_changes_nothing_and_no_text_makes_it_fail(raw: str) -> None:
    folded = fold_pool_code(raw)

    if folded is None:
        assert pool_hash(KEY, raw) is CodeFault.MALFORMED
    else:
        assert fold_pool_code(folded) == folded
        assert pool_hash(KEY, raw) == pool_hash(KEY, folded)
