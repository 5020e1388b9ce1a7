"""What is wrong with a field, in Chinese: readers of JSON and of schemas say it in English only.

What nobody found words for stays as it is; the field's name stands before it in any case.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from kaquan.engine.outcome_details import Language

_KINDS: Final = {
    "str": "文字",
    "int": "整数",
    "float": "小数",
    "bool": "true 或 false",
    "array": "数组",
    "object": "对象",
    "null": "null",
    "datetime": "RFC 3339 时间",
    "date": "日期",
}
_BOUNDS: Final = {">=": "不小于", "<=": "不大于", ">": "大于", "<": "小于"}

Words = str | Callable[[re.Match[str]], str]


def _kinds(text: str) -> str:
    return "或".join(_KINDS.get(one, one) for one in text.split(" | "))


def _length(match: re.Match[str]) -> str:
    unit = "项" if match[1] == "array" else "个字符"
    return f"{'最多' if match[2] == '<=' else '至少'} {match[3]} {unit}"


#: Of msgspec, of pydantic, and our own.
_PATTERNS: Final[tuple[tuple[re.Pattern[str], Words], ...]] = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"Expected `(str|array)` of length (<=|>=) (\d+)", _length),
        (r"Expected `int` (>=|<=|>|<) (-?\d+)", lambda m: f"应{_BOUNDS[m[1]]} {m[2]}"),
        (r"Expected `datetime` with a timezone component", "时间须带时区"),
        (r"Expected `(.+)`, got `(.+)`", lambda m: f"应为{_kinds(m[1])}，不是{_kinds(m[2])}"),
        (r"Expected `(.+)`", lambda m: f"应为{_kinds(m[1])}"),
        (r"Invalid RFC3339 encoded datetime", "不是 RFC 3339 时间"),
        (r"Invalid value (.+)", r"没有这个取值 \1"),
        (r"Object contains unknown field `.+`", "没有这个字段"),
        (r"Object missing required field `.+`", "缺少这个字段"),
        (r"Input data was truncated", "JSON 不完整"),
        (r"JSON is malformed: .+ \(byte (\d+)\)", r"不是合格的 JSON（第 \1 字节）"),
        (r"Input should be a valid string", "应为文字"),
        (r"Input should be a valid integer.*|expected a whole number", "应为整数"),
        (r"Input should be a valid boolean.*", "应为 true 或 false"),
        (r"Input should be a valid array|Input should be a valid list", "应为数组"),
        (r"Input should be (?:an object|a valid dictionary.*)", "应为对象"),
        (
            r"Input should be a valid date (?:in the format YYYY-MM-DD|or datetime).*",
            "应为日期 YYYY-MM-DD",
        ),
        (r"Input should be a valid date(?:time)?\b.*", "应为带时区的 RFC 3339 时间"),
        (r"expected an RFC 3339 moment with an offset", "应为带时区的 RFC 3339 时间"),
        (r"expected a moment from (\d+) to (\d+)", r"应为 \1 年至 \2 年之间的时间"),
        (r"Input should have timezone info", "时间须带时区"),
        (r"Input should be (greater|less) than or equal to (\S+)",
         lambda m: f"应{'不小于' if m[1] == 'greater' else '不大于'} {m[2]}"),
        (r"Input should be (greater|less) than (\S+)",
         lambda m: f"应{'大于' if m[1] == 'greater' else '小于'} {m[2]}"),
        (r"Input should be ('.+')", lambda m: f"应为 {m[1].replace(' or ', ' 或 ')}"),
        (r"String should have at (most|least) (\d+) characters?",
         lambda m: f"{'最多' if m[1] == 'most' else '至少'} {m[2]} 个字符"),
        (r"String should match pattern .+", "格式不对"),
        (r"List should have at (most|least) (\d+) items?.*",
         lambda m: f"{'最多' if m[1] == 'most' else '至少'} {m[2]} 项"),
        (r"Field required", "必填"),
        (r"Extra inputs are not permitted", "没有这个字段"),
        (r"give either voucher_code or serial", "voucher_code 与 serial 须给且只给一个"),
        (r"it is not UTF-8", "不是 UTF-8"),
        (r"it is nested too deeply", "嵌套太深"),
        (r"nested deeper than (\d+)", r"嵌套超过 \1 层"),
        (r"an object has the same name twice", "同一对象里有重复的字段"),
        (r"a text holds the character NUL", "文字里有空字符（NUL）"),
        (r"the address holds the character NUL", "地址里有空字符（NUL）"),
        (r"unknown parameter: (.+)", r"没有参数 \1"),
        (r"twice, or with the character NUL: (.+)", r"重复，或含空字符（NUL）：\1"),
        (r"nothing is taken as a body here", "此操作不接受请求内容"),
    )
)  # fmt: skip


def fault_words(message: str, language: Language) -> str:
    """What a reader says of a field, in the caller's language where there are words for it."""
    if language == "en":
        return message
    for pattern, words in _PATTERNS:
        match = pattern.fullmatch(message)
        if match is not None:
            return words(match) if callable(words) else match.expand(words)
    return message


def named_fault(path: str, message: str, language: Language) -> str:
    """The same behind the field that it is about."""
    words = fault_words(message, language)
    if not path:
        return words
    return f"{path}：{words}" if language == "zh" else f"{path}: {words}"
