"""What a cell may hold: each reader turns text (or a program's own value) into a checked value.

People type full-width digits and Chinese punctuation, spreadsheets spoil long numbers, and files
come in the wrong encoding. What can only mean one thing is understood; the rest is refused with a
reason.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from kaquan.engine.money import MAX_FEN, MoneyFault, parse_yuan
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.errors import ExitCode, KaquanError

Read = Callable[[object], object]
"""Takes a non-empty cell; gives the value or raises `BadCellError`."""

FULL_WIDTH = {full: full - 0xFEE0 for full in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_INVISIBLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffe\uffff]"
)
_BROKEN = re.compile(r"[\ud800-\udfff\ufffd]")
_SCIENTIFIC = re.compile(r"[+-]?\d(\.\d+)?[eE]\+?\d+")
_WHOLE = re.compile(r"(-?\d{1,30})(?:\.0+)?", re.ASCII)
_GROUPED = re.compile(r"-?\d{1,3}(,\d{3})+(\.0+)?", re.ASCII)
_DATE_FIRST = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(.*)", re.ASCII)
_CLOCK_TIME = re.compile(r"(\d{1,2})[:时](\d{1,2})(?:[:分](\d{1,2}))?秒?分?", re.ASCII)
_LIST_SEPARATOR = re.compile(r"[,;|、，；]")
_MOMENT_CHARACTERS_MAX = 40
_NUMBER_BITS_MAX = 1_000
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


class Reason(NamedTuple):
    """Why a row is refused and what helps; `code` is stable."""

    code: str
    zh: str
    en: str


class BadCellError(ValueError):
    """The cell cannot be what its column wants."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.en)
        self.reason = reason


REQUIRED = Reason("required", "此列必填", "this column must not be empty")
WRONG_ENCODING = Reason(
    "wrong_encoding",
    "含有无法识别的字节；请把文件另存为 UTF-8 编码",
    "holds bytes that are no text; save the file in UTF-8",
)
CONTROL_CHARACTER = Reason(
    "control_character", "含有不可见的字符，请重新输入", "holds invisible characters; type it again"
)
DIGITS_LOST = Reason(
    "digits_lost",
    "长数字已被表格软件改成科学计数法；请把该列设为“文本”后重新填写",
    "a spreadsheet turned the long number into an exponent; format the column as text, "
    "enter it again",
)
NOT_A_NUMBER = Reason("not_a_number", "应为整数", "expected a whole number")
NOT_AN_AMOUNT = Reason(
    "not_an_amount", "应为金额（元），例如 12.50", "expected yuan, such as 12.50"
)
TOO_PRECISE = Reason("too_precise", "金额最多两位小数", "an amount has two decimals at most")
NEGATIVE = Reason("negative", "不能为负数", "must not be below zero")
NOT_A_MOMENT = Reason(
    "not_a_moment",
    "应为日期时间，例如 2026-10-01 08:30:00",
    "expected a date and time such as 2026-10-01 08:30:00",
)


def text(longest: int) -> Read:
    """Any words of up to so many characters; blanks and line breaks become single blanks."""

    def read(cell: object) -> str:
        return _checked(" ".join(_as_text(cell).split()), longest)

    return read


def code(longest: int = 64) -> Read:
    """A number or name given by someone's system, compared exactly: folded to half width."""

    def read(cell: object) -> str:
        value = _as_text(cell).translate(FULL_WIDTH).strip()
        if _SCIENTIFIC.fullmatch(value):
            raise BadCellError(DIGITS_LOST)
        return _checked(value, longest)

    return read


def whole_number(least: int, most: int) -> Read:
    """An integer within bounds; thousands commas and full-width digits are understood."""
    reason = Reason(
        "number_out_of_range",
        f"应在 {least} 到 {most} 之间",
        f"must lie between {least} and {most}",
    )

    def read(cell: object) -> int:
        number = cell if type(cell) is int else _whole(_as_text(cell))
        if not least <= number <= most:
            raise BadCellError(reason)
        return number

    return read


def amount(cell: object) -> int:
    """Fen, from text in yuan; an ``int`` (from a program, never from a file) is fen already."""
    if type(cell) is int:
        if cell < 0:
            raise BadCellError(NEGATIVE)
        if cell > MAX_FEN:
            raise BadCellError(_AMOUNT_REASONS[MoneyFault.TOO_LARGE])
        return cell
    value = parse_yuan(_as_text(cell))
    if isinstance(value, MoneyFault):
        raise BadCellError(_AMOUNT_REASONS[value])
    return value


_AMOUNT_REASONS = {
    MoneyFault.NOT_AN_AMOUNT: NOT_AN_AMOUNT,
    MoneyFault.TOO_PRECISE: TOO_PRECISE,
    MoneyFault.NEGATIVE: NEGATIVE,
    MoneyFault.TOO_LARGE: Reason(
        "amount_too_large", "金额过大，请检查单位", "the amount is too large; check its unit"
    ),
}


def moment(cell: object) -> datetime:
    """An instant; where no offset is given it is in the issuer's time zone."""
    value = cell if isinstance(cell, datetime) else _moment(_as_text(cell).strip())
    if value.tzinfo is None:
        value = value.replace(tzinfo=_issuer_zone())
    if not _EARLIEST <= value < _LATEST:
        raise BadCellError(NOT_A_MOMENT)
    return value


def choice(meanings: Mapping[str, str]) -> Read:
    """One of a few words; `meanings` gives the value that each word (lower case) stands for."""
    words = "、".join(meanings)
    reason = Reason("not_a_choice", f"应为其中之一：{words}", f"expected one of: {words}")

    def read(cell: object) -> str:
        value = meanings.get(_as_text(cell).translate(FULL_WIDTH).strip().lower())
        if value is None:
            raise BadCellError(reason)
        return value

    return read


def words(*, longest: int, most: int, separator: re.Pattern[str] = _LIST_SEPARATOR) -> Read:
    """A list, from a program or from text with separators between the words, in their order."""
    read_word = text(longest)
    reason = Reason("too_many", f"最多 {most} 项", f"at most {most} entries")

    def read(cell: object) -> list[str]:
        if isinstance(cell, list | tuple | set | frozenset):
            parts: Iterable[object] = cell
        else:
            parts = separator.split(_as_text(cell))
        found = [str(read_word(part)) for part in parts if str(part).strip()]
        if len(found) > most:
            raise BadCellError(reason)
        return found

    return read


def accepted(read: Read, value: object, *, zh: str, en: str) -> Any:
    """The value of an action's argument, named in both languages; raises `value_invalid`."""
    try:
        return read(value)
    except BadCellError as error:
        raise KaquanError(
            "value_invalid",
            zh=f"{zh}：{error.reason.zh}。",
            en=f"{en}: {error.reason.en}.",
            exit_code=ExitCode.USAGE,
        ) from None


def _as_text(cell: object) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int) and cell.bit_length() > _NUMBER_BITS_MAX:
        raise BadCellError(NOT_A_NUMBER)  # Python would refuse to write it down
    if isinstance(cell, int | Decimal | date):
        return str(cell)
    raise BadCellError(
        Reason("wrong_type", "类型不对，应为文字", f"expected text, not {type(cell).__name__}")
    )


@cache
def _too_long(longest: int) -> Reason:
    return Reason("too_long", f"最多 {longest} 个字符", f"at most {longest} characters")


def _checked(value: str, longest: int) -> str:
    if not value:
        raise BadCellError(REQUIRED)
    if len(value) > longest:
        raise BadCellError(_too_long(longest))
    # Quick; only then look closer, for some blanks are not printable either.
    if not value.isprintable() or "\ufffd" in value:
        if _BROKEN.search(value):
            raise BadCellError(WRONG_ENCODING)
        if _INVISIBLE.search(value):
            raise BadCellError(CONTROL_CHARACTER)
    return value


def _whole(value: str) -> int:
    value = value.translate(FULL_WIDTH).strip()
    if _SCIENTIFIC.fullmatch(value):
        raise BadCellError(DIGITS_LOST)
    if _GROUPED.fullmatch(value):
        value = value.replace(",", "")
    match = _WHOLE.fullmatch(value)
    if match is None:
        raise BadCellError(NOT_A_NUMBER)
    return int(match[1])


def _moment(value: str) -> datetime:
    if len(value) > _MOMENT_CHARACTERS_MAX:
        raise BadCellError(NOT_A_MOMENT)
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return _spelled_moment(value.translate(FULL_WIDTH))


def _spelled_moment(value: str) -> datetime:
    """``2026/1/2 3:04``, ``2026年1月2日 3:04:05`` and the like; a day alone means its beginning."""
    match = _DATE_FIRST.fullmatch(value)
    rest = match[4].strip() if match else ""
    time = _CLOCK_TIME.fullmatch(rest) if rest else None
    if match is None or (rest and time is None):
        raise BadCellError(NOT_A_MOMENT)
    hour, minute, second = (int(part or 0) for part in time.groups()) if time else (0, 0, 0)
    try:
        # The zone is told by the caller's next step.
        return datetime(  # noqa: DTZ001
            int(match[1]), int(match[2]), int(match[3]), hour, minute, second
        )
    except ValueError:
        raise BadCellError(NOT_A_MOMENT) from None


@cache
def _issuer_zone() -> ZoneInfo:
    return current_configuration().time_zone
