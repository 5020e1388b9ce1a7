"""What a counter refuses, in words for whoever stands at it."""

from kaquan.engine.money import format_yuan
from kaquan.foundation.errors import ExitCode, KaquanError


def registration_code_wrong() -> KaquanError:
    """No such code, or its time is over, or it was used."""
    return KaquanError(
        "registration_code_wrong",
        zh="登记码不对、已用过或已过期；请在后台的门店页重新生成。",
        en="That is no registration code that could still be used; make a new one on the "
        "store's page.",
    )


def device_key_invalid() -> KaquanError:
    """What should be a public key is none."""
    return KaquanError(
        "value_invalid",
        zh="设备公钥不是有效的 P-256 或 Ed25519 公钥。",
        en="The device's public key is no P-256 or Ed25519 key.",
        exit_code=ExitCode.USAGE,
    )


def terminal_unregistered() -> KaquanError:
    """The device is not a terminal, or not any more."""
    return KaquanError(
        "terminal_unregistered",
        zh="本设备尚未登记为终端，或登记已失效；请用一次性登记码登记。",
        en="This device is not registered as a terminal, or not any more; register it by a "
        "one-time code.",
        exit_code=ExitCode.PERMISSION_DENIED,
    )


def shift_needed() -> KaquanError:
    """Nobody has logged in at the terminal, or it was locked."""
    return KaquanError(
        "shift_needed",
        zh="请先登录。",
        en="Log in first.",
        exit_code=ExitCode.PERMISSION_DENIED,
    )


def login_wrong() -> KaquanError:
    """Name and secret do not belong together; which of them is wrong is not told."""
    return KaquanError(
        "counter_login_wrong",
        zh="用户名或密码（PIN）不对。",
        en="The user name or the password (PIN) is wrong.",
        exit_code=ExitCode.PERMISSION_DENIED,
    )


def tried_too_often(wait_s: int) -> KaquanError:
    """Too many wrong tries of late."""
    minutes = -(-wait_s // 60)
    return KaquanError(
        "counter_tried_too_often",
        zh=f"错误次数过多，请约 {minutes} 分钟后再试。",
        en=f"Too many wrong tries; try again in about {minutes} minutes.",
        exit_code=ExitCode.PERMISSION_DENIED,
    )


def password_to_be_changed() -> KaquanError:
    """The account has a temporary password."""
    return KaquanError(
        "counter_password_temporary",
        zh="您的密码是临时密码；请先登录后台修改，再来收银台登录。",
        en="Your password is a temporary one; change it in the console first.",
        exit_code=ExitCode.PERMISSION_DENIED,
    )


def second_factor_needed() -> KaquanError:
    """A role that asks for more than a password does not work at a counter."""
    return KaquanError(
        "counter_second_factor",
        zh="您的角色要求二次验证，不能在收银台登录；请使用门店角色的账号。",
        en="Your role asks for a second factor, so you cannot log in at a counter; use an "
        "account of the store.",
        exit_code=ExitCode.PERMISSION_DENIED,
    )


def not_of_this_store(store: str) -> KaquanError:
    """Somebody without any role that lets them redeem here."""
    return KaquanError(
        "counter_not_here",
        zh=f"您没有在“{store}”核销的权限；请联系店长。",
        en=f'You may not redeem at "{store}"; ask its manager.',
        exit_code=ExitCode.PERMISSION_DENIED,
    )


def supervisor_needed(zh: str, en: str) -> KaquanError:
    """More than the clerk may do alone."""
    return KaquanError(
        "counter_supervisor_needed",
        zh=f"需要主管授权：{zh}。",
        en=f"A supervisor must allow this: {en}.",
        exit_code=ExitCode.PERMISSION_DENIED,
    )


def beyond_cap(cap_fen: int, amount_fen: int) -> KaquanError:
    """One use takes more off than the terminal may alone."""
    return supervisor_needed(
        f"本终端单次最多优惠 {format_yuan(cap_fen)}，这次是 {format_yuan(amount_fen)}",
        f"this terminal takes {format_yuan(cap_fen)} off at most, this is "
        f"{format_yuan(amount_fen)}",
    )


def not_a_supervisor(name: str) -> KaquanError:
    """Whoever logged in as supervisor is none here."""
    return KaquanError(
        "counter_not_a_supervisor",
        zh=f"{name} 没有在本店授权的权限。",
        en=f"{name} may not allow this at the store.",
        exit_code=ExitCode.PERMISSION_DENIED,
    )


def pin_invalid() -> KaquanError:
    """A PIN has another form, or is one that everybody tries first."""
    return KaquanError(
        "value_invalid",
        zh="PIN 应为 6 位数字，且不能是同一数字或连续数字。",
        en="A PIN has 6 digits, not all the same and not in a row.",
        exit_code=ExitCode.USAGE,
    )


def request_withdrawn() -> KaquanError:
    """It was asked what became of it before it arrived, and the answer was: nothing."""
    return KaquanError(
        "counter_request_withdrawn",
        zh="这笔请求在到达之前已被撤回，没有核销；请重新扫码。",
        en="This request was withdrawn before it arrived; nothing was booked. Scan again.",
    )


def shown_code_over() -> KaquanError:
    """What was scanned of a phone was so long ago that it counts no more."""
    return KaquanError(
        "counter_shown_code_over",
        zh="扫码已超过 10 分钟；请顾客重新出示手机上的券码，再扫一次。",
        en="It was scanned more than ten minutes ago; scan the code on the phone again.",
    )


def member_code_over() -> KaquanError:
    """A member's code that is not of now, or of nobody who is still a member."""
    return KaquanError(
        "counter_member_code_over",
        zh="会员码已过时，也可能是截图；请顾客打开卡包里的会员码，当面重新扫码。",
        en="The member's code is out of date, or a picture of one; have it opened in the wallet "
        "and scan again.",
    )


def request_unknown() -> KaquanError:
    """No such request at this terminal."""
    return KaquanError(
        "counter_request_unknown",
        zh="本终端没有这笔记录。",
        en="There is no such request at this terminal.",
    )


def request_other() -> KaquanError:
    """The same name for another request."""
    return KaquanError(
        "request_key_reused",
        zh="同一请求号被用于不同的内容；没有核销。",
        en="The same request name was used for something else; nothing was booked.",
    )


def request_malformed(zh: str, en: str) -> KaquanError:
    """What was sent makes no sense."""
    return KaquanError("value_invalid", zh=zh, en=en, exit_code=ExitCode.USAGE)
