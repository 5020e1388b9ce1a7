"""What can go wrong with the organisation tree."""

from kaquan.foundation.errors import ExitCode, KaquanError


def organisation_unknown(wanted: int | str) -> KaquanError:
    """It does not exist, or lies outside the actor's part of the tree: both look alike."""
    return KaquanError(
        "organisation_unknown",
        zh=f"没有组织“{wanted}”，或不在您的管辖范围内。",
        en=f'There is no organisation "{wanted}", or not in your part of the tree.',
    )


def organisation_ambiguous(name: str) -> KaquanError:
    """Several have this name."""
    return KaquanError(
        "organisation_ambiguous",
        zh=f"有多个组织叫“{name}”；请填编码。",
        en=f'Several organisations are called "{name}"; give the code.',
    )


def organisation_exists(code: str, name: str) -> KaquanError:
    """The code is taken, or the name is taken below the same parent."""
    return KaquanError(
        "organisation_exists",
        zh=f"编码“{code}”已被使用，或同级下已有“{name}”；请换一个。",
        en=f'The code "{code}" is taken, or there is a "{name}" below the same parent already.',
    )


def organisation_misplaced(name: str) -> KaquanError:
    """Below a store, below itself, or too deep."""
    return KaquanError(
        "organisation_misplaced",
        zh=f"“{name}”不能放在那里：门店之下、自己之下或过深的层级都不行。",
        en=f'"{name}" cannot be put there: not below a store, not below itself, not too deep.',
    )


def store_unknown(code: str) -> KaquanError:
    """There is none, or not in the actor's part of the tree."""
    return KaquanError(
        "store_unknown",
        zh=f"没有门店“{code}”，或不在您的管辖范围内。",
        en=f'There is no store "{code}", or not in your part of the tree.',
    )


def store_not_open(code: str) -> KaquanError:
    """The store is paused or closed."""
    return KaquanError(
        "store_not_open",
        zh=f"门店“{code}”未营业，不能用券；请先在门店资料中恢复营业。",
        en=f'The store "{code}" is not open, so no voucher can be used there; open it first.',
    )


def clerk_unknown(staff_no: str) -> KaquanError:
    """There is none, or not in the actor's part of the tree."""
    return KaquanError(
        "clerk_unknown",
        zh=f"没有店员“{staff_no}”，或不在您的管辖范围内。",
        en=f'There is no clerk "{staff_no}", or not in your part of the tree.',
    )


def clerk_exists(staff_no: str) -> KaquanError:
    """The number is taken."""
    return KaquanError(
        "clerk_exists",
        zh=f"工号“{staff_no}”已存在；请换一个，或修改原店员。",
        en=f'The staff number "{staff_no}" is taken; choose another or change that clerk.',
    )


def terminal_unknown(code: str) -> KaquanError:
    """There is none, or not in the actor's part of the tree."""
    return KaquanError(
        "terminal_unknown",
        zh=f"没有终端“{code}”，或不在您的管辖范围内。",
        en=f'There is no terminal "{code}", or not in your part of the tree.',
    )


def terminal_exists(code: str) -> KaquanError:
    """The code is taken."""
    return KaquanError(
        "terminal_exists",
        zh=f"终端编码“{code}”已存在；请换一个，或修改原终端。",
        en=f'The terminal code "{code}" is taken; choose another or change that terminal.',
    )


def terminal_blocked(code: str) -> KaquanError:
    """Somebody switched the terminal off."""
    return KaquanError(
        "terminal_blocked",
        zh=f"终端“{code}”已停用，不能核销；请联系店长或总部。",
        en=f'The terminal "{code}" is switched off; ask the store manager or head office.',
        exit_code=ExitCode.PERMISSION_DENIED,
    )


def terminal_of_other_store(code: str, store_code: str) -> KaquanError:
    """It is registered, but for another store."""
    return KaquanError(
        "terminal_of_other_store",
        zh=f"终端“{code}”不属于门店“{store_code}”；请核对，或先把终端改到该门店。",
        en=f'The terminal "{code}" is not one of the store "{store_code}": check both, or move '
        "the terminal first.",
    )


def terminal_not_there(code: str) -> KaquanError:
    """It is of another store than the hold or redemption that it is to settle or undo."""
    return KaquanError(
        "terminal_of_other_store",
        zh=f"终端“{code}”不属于这笔预占或核销的门店；请用该店的终端，或不填终端。",
        en=f'The terminal "{code}" is not of the store of this hold or redemption: use one of that '
        "store, or name none.",
    )


def terminal_without_store() -> KaquanError:
    """Where a terminal stands is to be said too: it may have been moved."""
    return value_invalid("填写终端时须同时填写门店。", "Whoever names a terminal names its store.")


def only_the_whole_tree() -> KaquanError:
    """What counts for the whole issuer is not for one part of the tree to change."""
    return KaquanError(
        "permission_denied",
        zh="此项对整个发行方有效，只有管辖全部组织的人可以更改。",
        en="This counts for the whole issuer: only people whose part is the whole tree change it.",
        exit_code=ExitCode.PERMISSION_DENIED,
    )


def setting_unknown(name: str) -> KaquanError:
    """There is no such setting."""
    return KaquanError(
        "setting_unknown",
        zh=f"没有设置“{name[:64]}”。",
        en=f'There is no setting "{name[:64]}".',
    )


def setting_invalid(zh: str, en: str, allowed: str) -> KaquanError:
    """A value that the setting cannot have."""
    return KaquanError(
        "value_invalid",
        zh=f"{zh}：应为 {allowed or '开或关'}。",
        en=f"{en}: expected {allowed or 'on or off'}.",
        exit_code=ExitCode.USAGE,
    )


def setting_changed_meanwhile(zh: str, en: str) -> KaquanError:
    """Somebody else was quicker."""
    return KaquanError(
        "setting_changed",
        zh=f"“{zh}”刚被别人改过；请看过新值再改。",
        en=f'"{en}" was changed by somebody else just now; look at the new value first.',
    )


def holidays_not_known(year: int) -> KaquanError:
    """This version was made before the decree."""
    return KaquanError(
        "holidays_not_known",
        zh=f"本版本尚无 {year} 年的放假安排；请按国务院通知逐日填写，或升级。",
        en=f"This version does not know the holidays of {year}; enter them, or upgrade.",
    )


def value_invalid(zh: str, en: str) -> KaquanError:
    """An argument that makes no sense."""
    return KaquanError("value_invalid", zh=zh, en=en, exit_code=ExitCode.USAGE)
