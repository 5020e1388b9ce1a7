"""What can go wrong with campaigns, beyond what the ledger refuses."""

from kaquan.foundation.errors import ExitCode, KaquanError


def campaign_unknown(wanted: int | str) -> KaquanError:
    """There is none, or not in the actor's part of the organisation."""
    return KaquanError(
        "campaign_unknown",
        zh=f"没有活动“{wanted}”，或不在您的管辖范围内。",
        en=f'There is no campaign "{wanted}", or not in your part of the organisation.',
    )


def campaign_exists(code: str) -> KaquanError:
    """The code is taken."""
    return KaquanError(
        "campaign_exists",
        zh=f"活动编码“{code}”已存在；请换一个。",
        en=f'The campaign code "{code}" is taken; choose another.',
    )


def campaign_without_time() -> KaquanError:
    """It ends before it begins."""
    return KaquanError(
        "campaign_without_time",
        zh="活动的结束时间必须晚于开始时间。",
        en="A campaign must end after it starts.",
        exit_code=ExitCode.USAGE,
    )


def batch_unknown(wanted: int) -> KaquanError:
    """There is none, or not in the actor's part of the organisation."""
    return KaquanError(
        "batch_unknown",
        zh=f"没有批次“{wanted}”，或不在您的管辖范围内。",
        en=f'There is no batch "{wanted}", or not in your part of the organisation.',
    )


def batch_exists(name: str) -> KaquanError:
    """Another batch of the campaign has this name."""
    return KaquanError(
        "batch_exists",
        zh=f"此活动已有名为“{name}”的批次，内容不同；请换一个名称。",
        en=f'The campaign has another batch named "{name}"; choose another name.',
    )
