"""What can go wrong with campaigns, beyond what the ledger refuses."""

from collections.abc import Sequence

from kaquan.engine.rules.faults import TermsFault
from kaquan.engine.terms_better import Difference
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


def draft_unknown(wanted: int) -> KaquanError:
    """There is none, or not in the actor's part of the organisation."""
    return KaquanError(
        "draft_unknown",
        zh=f"没有草稿“{wanted}”，或不在您的管辖范围内。",
        en=f'There is no draft "{wanted}", or not in your part of the organisation.',
    )


def draft_handed_in(name: str) -> KaquanError:
    """What was handed in is changed only after it came back."""
    return KaquanError(
        "draft_handed_in",
        zh=f"“{name}”已提交审批，不能再改；需要修改时请先撤回或等待退回。",
        en=f'"{name}" was handed in and cannot be changed: withdraw it first, or wait until it'
        " comes back.",
    )


def draft_incomplete(faults: int) -> KaquanError:
    """Something is still to be mended."""
    return KaquanError(
        "draft_incomplete",
        zh=f"还有 {faults} 处需要填写或更正，请按提示补全后再提交。",
        en=f"{faults} fields are still to be filled in or mended before it can be handed in.",
        exit_code=ExitCode.USAGE,
    )


def draft_limit(most: int) -> KaquanError:
    """Somebody has begun too many."""
    return KaquanError(
        "draft_limit",
        zh=f"您未提交的草稿已达 {most} 份；请先提交或删除一些。",
        en=f"You have {most} drafts that were never handed in: hand some in or remove them first.",
    )


def template_nameless() -> KaquanError:
    """A template is found by its name."""
    return KaquanError(
        "template_nameless",
        zh="请填写模板名称。",
        en="Give the template a name.",
        exit_code=ExitCode.USAGE,
    )


def campaign_fixed(state: str) -> KaquanError:
    """What waits for an approval, or was approved, is not changed in that way."""
    return KaquanError(
        "campaign_fixed",
        zh=f"活动当前为“{state}”，不能这样修改：待审批的须先撤回；已批准的只能延后结束时间、"
        "改名称和目标。",
        en="The campaign cannot be changed in this way any more: withdraw it from approval first; "
        "of one that was approved only a later end, the name and the goal can be changed.",
    )


def campaign_not_draft(state: str) -> KaquanError:
    """It was handed in before."""
    return KaquanError(
        "campaign_not_draft",
        zh=f"活动当前为“{state}”，不是草稿；请复制为新的活动后再修改。",
        en="The campaign is no draft any more; copy it into a new one.",
    )


def campaign_without_batches() -> KaquanError:
    """There is nothing to approve."""
    return KaquanError(
        "campaign_without_batches",
        zh="活动还没有批次；请先添加至少一个批次再提交审批。",
        en="The campaign has no batches yet; add one before you hand it in.",
    )


def campaign_over_already() -> KaquanError:
    """Its end lies in the past."""
    return KaquanError(
        "campaign_over_already",
        zh="活动的结束时间已过；请改到将来再提交。",
        en="The campaign's end has passed; move it into the future before you hand it in.",
    )


def campaign_state_wrong(state: str) -> KaquanError:
    """Pausing what does not run, and the like."""
    return KaquanError(
        "campaign_state_wrong",
        zh=f"活动当前为“{state}”，不能进行此操作；请刷新页面。",
        en="As the campaign stands this cannot be done; look at it again.",
    )


def campaign_not_running(state: str) -> KaquanError:
    """A batch does not run while its campaign does not."""
    return KaquanError(
        "campaign_not_running",
        zh=f"活动当前为“{state}”；活动进行时才能恢复其批次。",
        en="A batch can run only while its campaign does.",
    )


def batch_planned(name: str) -> KaquanError:
    """The ledger does not know it yet."""
    return KaquanError(
        "batch_planned",
        zh=f"批次“{name}”尚未开立：活动获批后才会制券。",
        en=f'The batch "{name}" is not open yet: it is minted once its campaign is approved.',
    )


def approval_required() -> KaquanError:
    """More of what was approved needs an approval too."""
    return KaquanError(
        "approval_required",
        zh="此活动经过审批：加制或新增批次须另行审批。请提交加制申请，或复制为新活动后提交。",
        en="This campaign was approved as it is: more vouchers or batches need an approval too. "
        "Ask for more, or hand a copy of it in.",
    )


def campaign_full(batches_max: int) -> KaquanError:
    """More than one request can say."""
    return KaquanError(
        "campaign_full",
        zh=f"一个活动最多 {batches_max} 个批次；请分为多个活动。",
        en=f"A campaign has at most {batches_max} batches; make several campaigns of it.",
    )


def terms_unchanged() -> KaquanError:
    """There is nothing to ask for."""
    return KaquanError(
        "terms_unchanged",
        zh="规则与现在相同，没有可改善的内容；请先修改至少一项。",
        en="The terms are as they are now: change at least one of them first.",
        exit_code=ExitCode.USAGE,
    )


def terms_not_better(against: Sequence[Difference]) -> KaquanError:
    """Some fields are not in the favour of those who hold vouchers."""
    return KaquanError(
        "terms_not_better",
        zh="以下各项不能用于已发出的券：\n"
        + "\n".join(
            f"- {one.label[0]}：{one.before[0]} → {one.now[0]}。{one.against[0]}" for one in against
        ),
        en="These cannot count for vouchers that are out:\n"
        + "\n".join(
            f"- {one.label[1]}: {one.before[1]} → {one.now[1]}. {one.against[1]}" for one in against
        ),
    )


def terms_unlawful(faults: Sequence[TermsFault]) -> KaquanError:
    """What is sold under these terms breaks the law of the campaign's place."""
    return KaquanError(
        "terms_unlawful",
        zh="条款不符合中国大陆法规：\n"
        + "\n".join(f"- {fault.path}：{fault.zh}" for fault in faults)
        + "\n活动不在中国大陆的，请把管辖区改为其他地区。",
        en="Mainland China's law does not allow these terms:\n"
        + "\n".join(f"- {fault.path}: {fault.en}" for fault in faults)
        + "\nIf the campaign is elsewhere, say so as its jurisdiction.",
        exit_code=ExitCode.USAGE,
    )
