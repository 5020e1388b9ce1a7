"""What can go wrong with customers."""

from kaquan.foundation.errors import KaquanError


def customer_unknown(wanted: int | str) -> KaquanError:
    """There is none, or not in the actor's part of the organisation."""
    return KaquanError(
        "customer_unknown",
        zh=f"没有客户“{wanted}”，或不在您的管辖范围内。",
        en=f'There is no customer "{wanted}", or not in your part of the organisation.',
    )


def customer_exists(number: str) -> KaquanError:
    """The number is taken."""
    return KaquanError(
        "customer_exists",
        zh=f"会员号“{number}”已存在；请换一个，或修改原客户。",
        en=f'The customer number "{number}" is taken; choose another or change that customer.',
    )


def customer_merged(number: str) -> KaquanError:
    """It is part of a merge already, on one side or the other."""
    return KaquanError(
        "customer_merged",
        zh=f"客户“{number}”已与其他客户合并；请先撤销原来的合并。",
        en=f'The customer "{number}" is part of a merge already; undo that one first.',
    )


def customer_not_merged(number: str) -> KaquanError:
    """There is no merge to undo."""
    return KaquanError(
        "customer_not_merged",
        zh=f"客户“{number}”没有并入其他客户。",
        en=f'The customer "{number}" is not merged into another one.',
    )


def customer_merge_with_itself(number: str) -> KaquanError:
    """Both are the same."""
    return KaquanError(
        "customer_merge_with_itself",
        zh=f"“{number}”不能与自己合并；请给出两个不同的会员号。",
        en=f'"{number}" cannot be merged with itself; name two customers.',
    )


def erasure_requested_already(number: str) -> KaquanError:
    """A request is open."""
    return KaquanError(
        "erasure_requested_already",
        zh=f"客户“{number}”已有待处理的删除申请；请执行或撤回它。",
        en=f'An erasure of the customer "{number}" is requested already; do it or withdraw it.',
    )


def erasure_unknown(number: str) -> KaquanError:
    """No request is open, or none was ever made."""
    return KaquanError(
        "erasure_unknown",
        zh=f"客户“{number}”没有待处理的删除申请；请先提出申请。",
        en=f'No erasure of the customer "{number}" is requested; request it first.',
    )


def customer_erased(number: str) -> KaquanError:
    """There is nothing left to change."""
    return KaquanError(
        "customer_erased",
        zh=f"客户“{number}”的个人信息已删除，不能再修改；请新建客户。",
        en=f'The customer "{number}" was erased and cannot be changed; create a new one.',
    )
