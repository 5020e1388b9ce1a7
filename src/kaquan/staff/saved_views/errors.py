"""What can go wrong with saved views."""

from kaquan.foundation.errors import KaquanError


def view_unknown(view_id: int) -> KaquanError:
    """It does not exist, or is somebody else's: both look alike."""
    return KaquanError(
        "view_unknown",
        zh=f"没有视图“{view_id}”，或不是您的。",
        en=f'There is no view "{view_id}", or it is not yours.',
    )


def view_exists(name: str) -> KaquanError:
    """One has two names for two views."""
    return KaquanError(
        "view_exists",
        zh=f"您在这个列表已有视图“{name}”；请换一个名称，或先删除它。",
        en=f'You have a view "{name}" of this list already; choose another name or delete it.',
    )


def views_too_many(number: int) -> KaquanError:
    """Nobody finds their way among more."""
    return KaquanError(
        "views_too_many",
        zh=f"最多保存 {number} 个视图；请先删除不用的。",
        en=f"At most {number} views are kept; delete some first.",
    )


def view_invalid(number: int) -> KaquanError:
    """A name is needed, and what is kept has a bound."""
    return KaquanError(
        "value_invalid",
        zh=f"请填写名称；条件最多 {number} 个字符。",
        en=f"Give it a name; the query may have {number} characters.",
    )
