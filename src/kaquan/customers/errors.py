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
