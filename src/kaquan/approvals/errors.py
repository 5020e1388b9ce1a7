"""What can go wrong with approvals."""

from kaquan.foundation.errors import ExitCode, KaquanError


def approval_unknown(wanted: int) -> KaquanError:
    """There is none, or not in the actor's part of the organisation."""
    return KaquanError(
        "approval_unknown",
        zh=f"没有审批单“{wanted}”，或不在您的管辖范围内。",
        en=f'There is no request "{wanted}", or not in your part of the organisation.',
    )


def approval_open(title: str) -> KaquanError:
    """The same subject waits for an approval already."""
    return KaquanError(
        "approval_open",
        zh=f"“{title}”已有待审批的申请；请先撤回，或等审批结束。",
        en=f'"{title}" waits for an approval already; withdraw that request or wait for its end.',
    )


def approval_closed(state: str) -> KaquanError:
    """It came to its end before."""
    return KaquanError(
        "approval_closed",
        zh=f"此审批已结束（{state}）；没有可决定的内容。",
        en="This request has come to its end; there is nothing left to decide.",
    )


def approval_moved() -> KaquanError:
    """Somebody else decided something since the page was opened."""
    return KaquanError(
        "approval_moved",
        zh="此审批在您打开之后已有新的进展；请刷新后再决定。",
        en="Something was decided since you opened this request; look at it again.",
    )


def content_moved() -> KaquanError:
    """What would be carried out is no longer what was asked for."""
    return KaquanError(
        "approval_content_moved",
        zh="申请提交之后内容已被改动，不能同意；请退回修改。",
        en="What was asked for has changed since; it cannot be approved. Request changes.",
    )


def own_request() -> KaquanError:
    """Who asks does not decide."""
    return KaquanError(
        "approval_own",
        zh="不能审批自己提交的申请。",
        en="Nobody decides on what they asked for themselves.",
        exit_code=ExitCode.PERMISSION_DENIED,
    )


def not_the_asker() -> KaquanError:
    """Only who asked takes a request back."""
    return KaquanError(
        "approval_not_yours",
        zh="只有提交人可以撤回申请。",
        en="Only the person who asked can withdraw a request.",
        exit_code=ExitCode.PERMISSION_DENIED,
    )


def decided_already() -> KaquanError:
    """One person, one level."""
    return KaquanError(
        "approval_decided_already",
        zh="您已审批过此单的一个级别；其余级别须由他人审批。",
        en="You decided at one level of this request; another person must decide at the others.",
        exit_code=ExitCode.PERMISSION_DENIED,
    )


def level_not_yours() -> KaquanError:
    """Another role or another node is asked now."""
    return KaquanError(
        "approval_not_at_your_level",
        zh="当前级别须由其他角色或上级组织审批。",
        en="The level that is asked now belongs to another role or to a node above yours.",
        exit_code=ExitCode.PERMISSION_DENIED,
    )


def people_only() -> KaquanError:
    """A program does not agree to anything."""
    return KaquanError(
        "approval_people_only",
        zh="只有登录的员工可以审批。",
        en="Only a person who is logged in can decide.",
        exit_code=ExitCode.PERMISSION_DENIED,
    )


def comment_missing() -> KaquanError:
    """Turning something down needs a reason."""
    return value_invalid(
        "驳回或退回修改时须填写意见。", "Say why you turn it down or want changes."
    )


def rule_unknown(wanted: int) -> KaquanError:
    """There is none, or not in the actor's part of the organisation."""
    return KaquanError(
        "approval_rule_unknown",
        zh=f"没有审批规则“{wanted}”，或不在您的管辖范围内。",
        en=f'There is no rule "{wanted}", or not in your part of the organisation.',
    )


def rule_exists() -> KaquanError:
    """Another rule is for the same kind, node and amount."""
    return KaquanError(
        "approval_rule_exists",
        zh="同一类型、组织和起始金额已有规则；请修改那一条。",
        en="There is a rule for this kind, node and amount already; change that one.",
    )


def value_invalid(zh: str, en: str) -> KaquanError:
    """Something that was given cannot be taken."""
    return KaquanError("value_invalid", zh=zh, en=en, exit_code=ExitCode.USAGE)
