"""What can go wrong with the organisation tree."""

from kaquan.foundation.errors import KaquanError


def organisation_unknown(wanted: int | str) -> KaquanError:
    """It does not exist, or lies outside the actor's part of the tree: both look alike."""
    return KaquanError(
        "organisation_unknown",
        zh=f"没有组织“{wanted}”，或不在您的管辖范围内。",
        en=f'There is no organisation "{wanted}", or not in your part of the tree.',
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
