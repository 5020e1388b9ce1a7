"""What the registration desk refuses."""

from datetime import datetime

from kaquan.engine.money import format_yuan
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.errors import KaquanError


def bundle_unknown(bundle_id: object) -> KaquanError:
    """No such bundle in the actor's part."""
    return KaquanError(
        "bundle_unknown",
        zh=f"没有编号为 {bundle_id} 的一捆。",
        en=f"There is no bundle {bundle_id}.",
    )


def slip_unknown(slip_id: object) -> KaquanError:
    """No such slip in the actor's part."""
    return KaquanError(
        "slip_unknown",
        zh=f"没有编号为 {slip_id} 的券联。",
        en=f"There is no slip {slip_id}.",
    )


def bundle_closed(name: str) -> KaquanError:
    """A closed bundle takes nothing more."""
    return KaquanError(
        "bundle_closed",
        zh=f"“{name}”已封捆，不能再登记；请另开一捆。",
        en=f'"{name}" is closed and takes no more slips; open another bundle.',
    )


def bundle_differs(slips: int, amount_fen: int) -> KaquanError:
    """What was typed is not what was counted: so many more slips and so much more money."""
    zh = [f"{'多' if slips > 0 else '少'} {abs(slips)} 张"] if slips else []
    en = [f"{abs(slips)} slips too {'many' if slips > 0 else 'few'}"] if slips else []
    if amount_fen:
        amount = format_yuan(abs(amount_fen))
        zh.append(f"金额{'多' if amount_fen > 0 else '少'} {amount}")
        en.append(f"{amount} too {'much' if amount_fen > 0 else 'little'}")
    return KaquanError(
        "bundle_differs",
        zh=f"登记的与清点的不符：{'，'.join(zh)}。请核对后再封捆。",
        en=f"What was typed is not what was counted: {', '.join(en)}. Check, then close.",
    )


def bundle_unfinished(number: int) -> KaquanError:
    """Of some slips it is not known whether the ledger has booked them."""
    return KaquanError(
        "bundle_unfinished",
        zh=f"有 {number} 张还没有登记完；请稍后再封捆。",
        en=f"{number} slips are not registered yet; close it in a moment.",
    )


def last_symbols_differ() -> KaquanError:
    """A serial and the end of a code that do not belong together; which is wrong nobody knows."""
    return KaquanError(
        "slip_number_mistyped",
        zh="序号与券码的后 4 位不是同一张券，请核对后重新输入。",
        en="The serial and the last 4 symbols are not of the same voucher; check both.",
    )


def used_outside_window(days: int, earliest: datetime) -> KaquanError:
    """Too long ago, or not yet."""
    day = earliest.astimezone(current_configuration().time_zone).strftime("%Y-%m-%d %H:%M")
    return KaquanError(
        "slip_outside_window",
        zh=f"使用时间应在 {day} 之后、现在之前（最多补登 {days} 天）。",
        en=f"The time of use must lie after {day} and before now ({days} days back at most).",
    )


def used_before_issue(issued_at: datetime) -> KaquanError:
    """Nobody had the voucher then."""
    moment = issued_at.astimezone(current_configuration().time_zone).strftime("%Y-%m-%d %H:%M")
    return KaquanError(
        "slip_before_issue",
        zh=f"使用时间早于发券时间（{moment}），请核对。",
        en=f"The voucher was not given out before {moment}; check the time.",
    )


def slip_reversed() -> KaquanError:
    """It was taken back already."""
    return KaquanError(
        "slip_reversed",
        zh="这张券联已经撤销。",
        en="This slip has been reversed already.",
    )


def slip_not_registered() -> KaquanError:
    """There is nothing to take back yet."""
    return KaquanError(
        "slip_not_registered",
        zh="这张券联还没有登记完，不能撤销。",
        en="This slip is not registered yet, so there is nothing to reverse.",
    )


def row_reversed() -> KaquanError:
    """A row of a table is a slip that was taken back; nobody can tell whether it is meant again."""
    return KaquanError(
        "slip_reversed",
        zh="这一行登记过，后来撤销了；如需重新登记，请在登记台输入。",
        en="This row was registered and reversed; type it at the desk if it is meant again.",
    )
