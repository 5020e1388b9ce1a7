"""What can go wrong with budgets, beyond what the ledger refuses."""

from kaquan.engine.money import format_yuan
from kaquan.foundation.errors import ExitCode, KaquanError


def budget_unknown(wanted: int | str) -> KaquanError:
    """There is none, or not in the actor's part of the organisation."""
    return KaquanError(
        "budget_unknown",
        zh=f"没有预算“{wanted}”，或不在您的管辖范围内。",
        en=f'There is no budget "{wanted}", or not in your part of the organisation.',
    )


def funder_unknown(wanted: int | str) -> KaquanError:
    """There is none."""
    return KaquanError(
        "funder_unknown",
        zh=f"没有出资方“{wanted}”；请先建立。",
        en=f'There is no funder "{wanted}"; create it first.',
    )


def code_taken(code: str) -> KaquanError:
    """Something else has this code."""
    return KaquanError(
        "code_taken",
        zh=f"编码“{code}”已被使用，内容不同；请换一个。",
        en=f'The code "{code}" is taken by something else; choose another.',
    )


def budget_closed(name: str) -> KaquanError:
    """Nothing is given from it and nothing goes into it any more."""
    return KaquanError(
        "budget_closed",
        zh=f"预算“{name}”已关闭，不能再变更或划拨。",
        en=f'The budget "{name}" is closed: it is neither changed nor moved to or from.',
    )


def budget_has_parts(name: str, number: int) -> KaquanError:
    """Those below come first."""
    return KaquanError(
        "budget_has_parts",
        zh=f"预算“{name}”下面还有 {number} 个未关闭的预算；请先关闭它们。",
        en=f'The budget "{name}" has {number} open budgets below it; close those first.',
    )


def budget_misplaced(zh: str, en: str) -> KaquanError:
    """It cannot stand there in the tree of budgets."""
    return KaquanError("budget_misplaced", zh=zh, en=en, exit_code=ExitCode.USAGE)


def total_moved(*, expected_fen: int, total_fen: int, wanted_fen: int) -> KaquanError:
    """Somebody else changed the total since it was looked at."""
    seen, now, wanted = map(format_yuan, (expected_fen, total_fen, wanted_fen))
    return KaquanError(
        "budget_changed",
        zh=f"预算总额在您打开之后已被改动：您看到的是 {seen}，现在是 {now}，您要改为 {wanted}；"
        "未做任何变更，请核对后重新填写。",
        en=f"The total was changed since you looked: you saw {seen}, it is {now} now, and you "
        f"asked for {wanted}. Nothing was changed; look again.",
    )


def transfer_invalid(zh: str, en: str) -> KaquanError:
    """Money cannot be moved that way."""
    return KaquanError("transfer_invalid", zh=zh, en=en, exit_code=ExitCode.USAGE)


def alert_unknown(wanted: int) -> KaquanError:
    """There is none, or not in the actor's part of the organisation."""
    return KaquanError(
        "alert_unknown",
        zh=f"没有提醒“{wanted}”，或不在您的管辖范围内。",
        en=f'There is no alert "{wanted}", or not in your part of the organisation.',
    )


def value_invalid(zh: str, en: str) -> KaquanError:
    """Something that was given cannot be taken."""
    return KaquanError("value_invalid", zh=zh, en=en, exit_code=ExitCode.USAGE)
