"""Problem documents: one shape for every refusal, in the caller's language."""

from __future__ import annotations

import re

import msgspec
import pytest
from pydantic import ValidationError

from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.foundation.errors import KaquanError
from kaquan.surfaces.api.campaigns import CampaignBody
from kaquan.surfaces.gateway.messages import ReversalRequest
from kaquan.surfaces.http.fault_words import fault_words
from kaquan.surfaces.http.language import preferred_language
from kaquan.surfaces.http.problem_codes import CALL_PROBLEMS, OUTCOME_STATUS
from kaquan.surfaces.http.problems import (
    call_problem,
    error_problem,
    outcome_problem,
    refusal_problem,
)

REFUSALS = [code for code in OutcomeCode if code is not OutcomeCode.DONE]


class Refusal:
    code, status, zh, en = "rate_limited", 429, "请求过于频繁，请稍后。", "Too many: wait."
    retry_after_s = 7


def test_a_document_has_the_members_that_the_contract_names() -> None:
    outcome = Outcome(OutcomeCode.ORDER_BELOW_MINIMUM, {"shortfall_fen": 800})

    document = msgspec.json.decode(outcome_problem(outcome, "zh").encoded())

    assert document["type"] == "/api/v1/problems/order_below_minimum"
    assert (document["status"], document["code"]) == (409, "order_below_minimum")
    assert document["retryable"] is False
    assert "8.00" in document["remedy"]
    assert document["remedy"] in document["detail"]
    assert document["data"] == {"shortfall_fen": 800}
    assert "retry_after_s" not in document


@pytest.mark.parametrize("code", REFUSALS)
def test_every_refusal_has_a_title_and_a_sentence_in_both_languages(code: OutcomeCode) -> None:
    zh, en = (outcome_problem(Outcome(code), language) for language in ("zh", "en"))

    assert re.search("[\u4e00-\u9fff]", zh.detail)
    assert not re.search("[\u4e00-\u9fff]", en.detail)
    assert zh.detail.startswith(zh.title)
    assert en.detail.startswith(en.title)
    assert len(zh.title) < len(zh.detail)
    assert zh.status == en.status == OUTCOME_STATUS[code]
    assert 400 <= zh.status < 600


HOT = (
    '{"store": 1}', '{"code": ""}', f'{{"code": "{"9" * 201}"}}', '{"lines": 5}', "[]", "{", "{} x",
    '{"lines": [{"line_id": "1"}]}', '{"amount_fen": 0}', '{"amount_fen": 1.5}', '{"extra": 1}',
    '{"lines": [{"line_id": "1", "quantity": 1000000000000}]}', '{"code": }',
)  # fmt: skip
MANAGED: tuple[dict[str, object], ...] = (
    {}, {"name": 1}, {"name": ""}, {"name": "x" * 300}, {"starts_at": "soon"},
    {"starts_at": "2027-01-01T00:00:00"}, {"starts_at": 5}, {"starts_at": "1500-01-01T00:00:00Z"},
    {"organisation_id": "x"}, {"organisation_id": 0}, {"organisation_id": 2**31}, {"extra": 1},
    {"jurisdiction": "mars"},
)  # fmt: skip


def hot_fault(text: str) -> str:
    with pytest.raises(msgspec.MsgspecError) as refused:
        msgspec.json.decode(text, type=ReversalRequest)
    return str(refused.value).partition(" - at ")[0]


def managed_faults(fields: dict[str, object]) -> list[str]:
    with pytest.raises(ValidationError) as refused:
        CampaignBody.model_validate(fields)
    return [one["msg"].removeprefix("Value error, ") for one in refused.value.errors()]


def test_what_is_wrong_with_a_field_is_said_in_the_callers_language() -> None:
    told = {hot_fault(text) for text in HOT}
    told |= {fault for fields in MANAGED for fault in managed_faults(fields)}

    for message in told:
        words = fault_words(message, "zh")
        assert re.search("[\u4e00-\u9fff]", words), message
        assert not re.search("[Ii]nput|[Ee]xpected|[Ss]hould", words), words
        assert fault_words(message, "en") == message
    assert fault_words("nobody found words", "zh") == "nobody found words"


@pytest.mark.parametrize("code", CALL_PROBLEMS)
def test_every_problem_of_a_call_says_what_is_wrong_in_both_languages(code: str) -> None:
    zh, en = call_problem(code, "zh"), call_problem(code, "en", remedy="like this")

    assert zh.detail.endswith("。")
    assert zh.title != zh.detail
    assert en.detail.endswith("(like this).")
    assert zh.status == CALL_PROBLEMS[code].status


def test_what_may_be_tried_again_says_when() -> None:
    busy = outcome_problem(Outcome(OutcomeCode.BUSY), "en")
    limited = refusal_problem(Refusal(), "zh")

    assert ("retry-after", "1") in busy.headers()
    assert busy.status == 503
    assert busy.retryable
    assert ("retry-after", "7") in limited.headers()
    assert msgspec.json.decode(limited.encoded())["retry_after_s"] == 7


def test_a_stranger_cannot_tell_one_bad_code_from_another() -> None:
    told = {
        outcome_problem(Outcome(code, {"serial": 7}), "zh", public=True).encoded()
        for code in REFUSALS
        if code.name.startswith(("VOUCHER_", "BATCH_", "CODE_FORGED", "WRONG_", "LIMIT_"))
    }

    assert len(told) == 1
    assert b"serial" not in told.pop()


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("organisation_unknown", 404),
        ("permission_denied", 403),
        ("value_invalid", 422),
        ("terms_invalid", 422),
        ("campaign_exists", 409),
        ("code_taken", 409),
        ("store_not_open", 409),
    ],
)
def test_an_error_of_an_action_has_the_status_of_its_kind(code: str, status: int) -> None:
    problem = error_problem(KaquanError(code, zh="不行；请改。", en="No; change it."), "en")

    assert (problem.status, problem.code, problem.title) == (status, code, "No")
    assert problem.detail == "No; change it."


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "zh"),
        ("", "zh"),
        ("en", "en"),
        ("EN-gb, fr", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("fr, en;q=0.5, zh;q=0.4", "en"),
        ("en;q=0.5, zh-TW;q=0.5", "zh"),
        ("en;q=nan, de", "zh"),
        ("en;q=9", "zh"),
        ("de, *", "zh"),
        ("en," * 1_000, "zh"),
    ],
)
def test_texts_are_chinese_unless_english_is_preferred(header: str | None, language: str) -> None:
    assert preferred_language(header) == language
