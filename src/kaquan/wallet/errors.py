"""What the wallet refuses, in words that a customer understands."""

from kaquan.foundation.errors import KaquanError


def page_unknown() -> KaquanError:
    """An address under which there is nothing."""
    return KaquanError(
        "wallet_page_unknown",
        zh="没有这个页面，链接可能不完整。",
        en="There is no such page; perhaps a part of the link is missing.",
    )


def link_unknown() -> KaquanError:
    """No such claim link, or it is closed."""
    return KaquanError(
        "claim_link_unknown",
        zh="这个领取链接不存在或已关闭。",
        en="This link does not exist or is closed.",
    )


def link_empty() -> KaquanError:
    """All vouchers of a link are given away."""
    return KaquanError(
        "claim_link_empty",
        zh="这个渠道的券已领完。",
        en="All vouchers of this channel have been claimed.",
    )


def claim_waits() -> KaquanError:
    """The claim stands in line; its answer comes later."""
    return KaquanError(
        "claim_waits",
        zh="正在排队，请稍候查看结果。",
        en="You are in line; the answer comes in a moment.",
    )


def claim_failed() -> KaquanError:
    """An error of our own; nothing was given."""
    return KaquanError(
        "claim_failed",
        zh="系统出错，这次没有领到，请再试一次。",
        en="Something went wrong and nothing was claimed; please try again.",
    )


def waiting_full() -> KaquanError:
    """The line is as long as it may be."""
    return KaquanError(
        "claim_waiting_full",
        zh="排队的人太多，您还没有排上；请稍后再试。",
        en="The line is full and you are not in it yet; please try again in a moment.",
    )


def link_batch_by_code() -> KaquanError:
    """A batch whose vouchers have printed codes cannot be claimed from stock."""
    return KaquanError(
        "claim_link_by_code",
        zh="这个批次的券是按券码发放的，不能由链接领取；请选择从库存领取的批次。",
        en="This batch's vouchers are named by printed codes; choose one that is claimed from "
        "stock.",
    )


def sms_too_often(wait_s: int) -> KaquanError:
    """Codes were asked for too often."""
    minutes = -(-wait_s // 60)
    return KaquanError(
        "sms_too_often",
        zh=f"验证码发送过于频繁，请约 {minutes} 分钟后再试。",
        en=f"Too many codes were asked for; try again in about {minutes} minutes.",
    )


def sms_not_sent() -> KaquanError:
    """The gateway did not take the message."""
    return KaquanError(
        "sms_not_sent",
        zh="短信暂时发不出去，请稍后再试。",
        en="The message could not be sent just now; try again in a moment.",
    )


def sms_code_wrong(tries_left: int) -> KaquanError:
    """The code is another one."""
    return KaquanError(
        "sms_code_wrong",
        zh=f"验证码不对，还可以试 {tries_left} 次。",
        en=f"That is not the code; {tries_left} tries are left.",
    )


def sms_code_missing() -> KaquanError:
    """It was sent, and nobody typed it."""
    return KaquanError(
        "sms_code_missing",
        zh="请填写短信里的验证码。",
        en="Type the code that was sent to you.",
    )


def sms_code_over() -> KaquanError:
    """There is no code that could still be used."""
    return KaquanError(
        "sms_code_over",
        zh="验证码已失效，请重新获取。",
        en="The code is no longer good; ask for a new one.",
    )


def phone_unusable() -> KaquanError:
    """Several members share the phone, or the member was erased."""
    return KaquanError(
        "phone_unusable",
        zh="无法用这个手机号登录，请联系客服。",
        en="This phone cannot be used to log in; please ask customer service.",
    )


def card_unknown() -> KaquanError:
    """Not a member card of ours, or its member is no more."""
    return KaquanError(
        "member_card_unknown",
        zh="这不是本发行方的会员卡，或会员已注销。",
        en="This is no member card of ours, or its member is no more.",
    )


def voucher_not_held() -> KaquanError:
    """Not a voucher of the customer's."""
    return KaquanError(
        "voucher_not_held_unknown",
        zh="您的卡包里没有这张券。",
        en="This voucher is not in your wallet.",
    )


def gift_unknown() -> KaquanError:
    """No gift that could still be taken."""
    return KaquanError(
        "gift_unknown",
        zh="这份礼物不存在、已被领取或已过期。",
        en="This gift does not exist, was taken already or is over.",
    )


def gift_own() -> KaquanError:
    """A gift goes to somebody else."""
    return KaquanError(
        "gift_own",
        zh="不能领取自己送出的券；可在券的页面取消赠送。",
        en="You cannot take your own gift; take it back on the voucher's page.",
    )


def gift_open() -> KaquanError:
    """It is on its way already."""
    return KaquanError(
        "gift_open",
        zh="这张券正在赠送中；请先取消，再重新赠送。",
        en="This voucher is on its way already; take the gift back first.",
    )
