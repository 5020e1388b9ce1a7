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


def erasure_balance_unconfirmed(balance: str) -> KaquanError:
    """Nobody could say afterwards whose the money on the cards is."""
    return KaquanError(
        "erasure_balance_unconfirmed",
        zh=f"该客户的卡内还有余额 {balance}；请先与客户结清，或填写这一金额，确认客户放弃。",
        en=f"There is still {balance} on this customer's cards: settle it with them first, or "
        "state that amount to confirm that they give it up.",
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


def erasure_request_unknown(request_id: int) -> KaquanError:
    """No such request, or none that the actor may see."""
    return KaquanError(
        "erasure_request_unknown",
        zh=f"没有编号为 {request_id} 的删除申请，或您无权查看。",
        en=f"There is no erasure request {request_id}, or you may not see it.",
    )


def customer_erased(number: str) -> KaquanError:
    """There is nothing left to change."""
    return KaquanError(
        "customer_erased",
        zh=f"客户“{number}”的个人信息已删除，不能再修改；请新建客户。",
        en=f'The customer "{number}" was erased and cannot be changed; create a new one.',
    )


def merge_too_old(number: str, days: int) -> KaquanError:
    """Limits have counted both as one person for too long."""
    return KaquanError(
        "merge_too_old",
        zh=f"客户“{number}”合并已超过 {days} 天，不能再撤销。",
        en=f'The customer "{number}" was merged more than {days} days ago; '
        "that can no longer be undone.",
    )


def identity_taken() -> KaquanError:
    """Somebody else is known by it."""
    return KaquanError(
        "identity_taken",
        zh="这个编号已属于另一位客户；如为同一人，请先合并。",
        en="This identity is another customer's; if they are one person, merge them.",
    )


def identity_unknown(identity_id: int) -> KaquanError:
    """The customer has none such."""
    return KaquanError(
        "identity_unknown",
        zh=f"该客户没有编号为 {identity_id} 的身份标识。",
        en=f"The customer has no identity {identity_id}.",
    )


def consent_unchanged() -> KaquanError:
    """It is so already."""
    return KaquanError(
        "consent_unchanged",
        zh="该用途的同意状态本来就是这样，未作改动。",
        en="The customer's consent to this purpose is so already; nothing was changed.",
    )


def task_unknown(task_id: int) -> KaquanError:
    """There is none, or its customer is not in the actor's part of the organisation."""
    return KaquanError(
        "task_unknown",
        zh=f"没有编号为 {task_id} 的跟进任务，或不在您的管辖范围内。",
        en=f"There is no task {task_id}, or not in your part of the organisation.",
    )


def task_done_already() -> KaquanError:
    """Somebody was faster."""
    return KaquanError(
        "task_done_already",
        zh="这项任务已经完成。",
        en="This task is done already.",
    )


def looks_too_many(most: int) -> KaquanError:
    """So many in one hour is more than work needs."""
    return KaquanError(
        "looks_too_many",
        zh=f"一小时内最多查看 {most} 次完整信息；请稍后再试，或联系安全管理员。",
        en=f"At most {most} looks at full information an hour; "
        "try later or ask the security administrator.",
    )


def nothing_to_show() -> KaquanError:
    """The field is empty."""
    return KaquanError(
        "nothing_to_show",
        zh="这位客户没有填写这一项。",
        en="The customer has nothing in this field.",
    )


def reason_missing() -> KaquanError:
    """ "Other" is no reason by itself."""
    return KaquanError(
        "reason_missing",
        zh="选择“其他”时请写明原因。",
        en='With "other", say why.',
    )


def segment_unknown(wanted: int | str) -> KaquanError:
    """There is none, or not in the actor's part of the organisation."""
    return KaquanError(
        "segment_unknown",
        zh=f"没有分群“{wanted}”，或不在您的管辖范围内。",
        en=f'There is no segment "{wanted}", or not in your part of the organisation.',
    )


def segment_exists(code: str) -> KaquanError:
    """The code is taken."""
    return KaquanError(
        "segment_exists",
        zh=f"分群编码“{code}”已存在；请换一个。",
        en=f'The segment code "{code}" is taken; choose another.',
    )


def segment_changed() -> KaquanError:
    """Somebody else saved it meanwhile."""
    return KaquanError(
        "segment_changed",
        zh="您编辑期间，别人保存了这个分群；您填写的内容还在页面上，请核对后再保存。",
        en="Somebody else saved this segment meanwhile; what you typed is still here: "
        "compare, then save again.",
    )


def segment_conditions_invalid(zh: str, en: str) -> KaquanError:
    """The conditions cannot mean anything."""
    return KaquanError("segment_conditions_invalid", zh=f"{zh}。", en=f"{en}.")


def segment_not_active(code: str) -> KaquanError:
    """It was switched off."""
    return KaquanError(
        "segment_not_active",
        zh=f"分群“{code}”已停用；请先启用。",
        en=f'The segment "{code}" is switched off; switch it on first.',
    )


def segments_in_offers_too_many(most: int) -> KaquanError:
    """Every till judges each of them for each customer."""
    return KaquanError(
        "segments_in_offers_too_many",
        zh=f"最多 {most} 个分群可用于券规则；请先取消其他分群的这一项。",
        en=f"At most {most} segments may be used in offers; take another one out first.",
    )


def tags_missing() -> KaquanError:
    """Neither to add nor to take away."""
    return KaquanError(
        "tags_missing",
        zh="请填写要添加或去掉的标签。",
        en="Say which tags to add or to take away.",
    )
