"""Every answer has words in two languages, and a stranger learns nothing from a code."""

import pytest

from kaquan.engine.outcome_details import DETAILS, public_code, sentence
from kaquan.engine.outcome_texts import OTHER_REMEDIES
from kaquan.engine.outcomes import OutcomeCode

Code = OutcomeCode

IN_FEN = (
    "This store has reached the limit: go to another one"
    " (the limit is ¥3,000.00, used are ¥2,999.00)."
)


@pytest.mark.parametrize("code", Code, ids=lambda code: code.name)
def test_every_code_speaks_chinese_and_english(code: Code) -> None:
    detail = DETAILS[code]

    assert detail.precedence == code
    assert any("\u4e00" <= letter <= "\u9fff" for letter in detail.zh)
    assert detail.en.isascii()
    assert bool(detail.remedy_zh) == bool(detail.remedy_en)
    for text in (detail.zh, detail.en, detail.remedy_zh, detail.remedy_en):
        assert text == text.strip(" .。")


@pytest.mark.parametrize("code", Code, ids=lambda code: code.name)
def test_both_languages_ask_for_the_same_fields(code: Code) -> None:
    detail = DETAILS[code]
    pairs = [(detail.remedy_zh, detail.remedy_en), *OTHER_REMEDIES.get(code, ())]

    for zh, en in pairs:
        assert sorted(fields_of(zh)) == sorted(fields_of(en))


def fields_of(template: str) -> list[str]:
    """The names in braces."""
    return [part.partition("}")[0] for part in template.split("{")[1:]]


def test_what_is_hidden_from_a_stranger_all_looks_the_same() -> None:
    hidden = [code for code in Code if public_code(code) is not code]

    assert {public_code(code) for code in hidden} == {Code.VOUCHER_UNKNOWN}
    assert {
        Code.CODE_FORGED,
        Code.CODE_PASSED_ON,
        Code.VOUCHER_NOT_YOURS,
        Code.VOUCHER_EXPIRED,
        Code.VOUCHER_VOID,
        Code.VOUCHER_USED,
        Code.VOUCHER_FROZEN,
        Code.VOUCHER_HELD,
        Code.VOUCHER_NOT_ACTIVATED,
        Code.WRONG_STORE,
        Code.ORDER_BELOW_MINIMUM,
    } <= set(hidden)
    assert public_code(Code.CODE_MISTYPED) is Code.CODE_MISTYPED
    assert public_code(Code.BUSY) is Code.BUSY


@pytest.mark.parametrize(
    ("code", "data", "zh", "en"),
    [
        (
            Code.ORDER_BELOW_MINIMUM,
            {"minimum_fen": 10_000, "shortfall_fen": 800},
            "订单金额未达使用门槛，请加购（还差 ¥8.00）。",
            "The order is below the minimum: add to it (¥8.00 more is needed).",
        ),
        (
            Code.VOUCHER_EXPIRED,
            {"valid_until": "2027-01-01T00:00+08:00"},
            "这张券已过期，请换一张券（有效期至 2026-12-31 23:59）。",
            "The voucher has expired: use another one (it was good until 2026-12-31 23:59).",
        ),
        (
            Code.LIMIT_PER_STORE,
            {"limit_fen": 300_000, "used_fen": 299_900, "daily": 1},
            "本店已达限额，请到其他门店（限 ¥3,000.00，已用 ¥2,999.00）。",
            IN_FEN,
        ),
        (
            Code.WRONG_CHANNEL,
            {"channels": ["app", "shop"]},
            "这张券不能在此渠道使用，请换渠道（可用渠道：app, shop）。",
            "It is not good in this channel: use another one (it is good in: app, shop).",
        ),
        (
            Code.AMOUNT_NOT_ALLOWED,
            {"uses_possible": 2},
            "金额或次数不在允许范围内，请更改（最多 2 次）。",
            "The amount or number is not allowed: change it (at most 2 uses).",
        ),
        (
            Code.VOUCHER_USED,
            {"serial": 5},
            "这张券已使用，请换一张券。",
            "The voucher is used up: use another one.",
        ),
    ],
)
def test_a_sentence_is_filled_from_the_data(
    code: Code, data: dict[str, object], zh: str, en: str
) -> None:
    assert sentence(code, data, "zh") == zh
    assert sentence(code, data, "en") == en


def test_a_retry_is_advised_only_where_it_can_help() -> None:
    assert DETAILS[Code.BUSY].retryable
    assert DETAILS[Code.VOUCHER_HELD].retryable
    assert not DETAILS[Code.VOUCHER_USED].retryable
    assert not DETAILS[Code.MALFORMED_COMMAND].retryable
