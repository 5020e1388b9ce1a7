"""What can go wrong with budgets, beyond what the ledger refuses."""

from kaquan.foundation.errors import KaquanError


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
