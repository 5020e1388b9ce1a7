"""Phone numbers: the one form they are kept and compared in, and the one people see."""

import re

from kaquan.foundation.imports_cells import FULL_WIDTH, BadCellError, Reason

NOT_A_PHONE = Reason(
    "not_a_phone",
    "应为 11 位手机号，或以 + 开头的国际号码",
    "expected 11 digits of a mainland mobile, or an international number that begins with +",
)
_DECORATION = re.compile(r"[\s().\-\u2010-\u2015]")
_MAINLAND_MOBILE = re.compile(r"(?:\+86|0086|86)?(1[3-9][0-9]{9})")
_INTERNATIONAL = re.compile(r"\+(?!86)[1-9][0-9]{6,14}")
_SPELLED_CHARACTERS_MAX = 40


def read_phone(cell: object) -> str:
    """The number in E.164 form, such as +8613800000000; raises `BadCellError`."""
    spelled = str(cell)
    if len(spelled) > _SPELLED_CHARACTERS_MAX:
        raise BadCellError(NOT_A_PHONE)
    number = _DECORATION.sub("", spelled.translate(FULL_WIDTH))
    mobile = _MAINLAND_MOBILE.fullmatch(number)
    if mobile:
        return f"+86{mobile[1]}"
    if _INTERNATIONAL.fullmatch(number):
        return number
    raise BadCellError(NOT_A_PHONE)


def masked_phone(phone: str) -> str:
    """What may be shown to anyone at work: ``138****0000``."""
    digits = phone.removeprefix("+86")
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 11 else f"{digits[:3]}****"


def masked_name(name: str) -> str:
    """The first character and a star: ``张*``."""
    return f"{name[:1]}*"
