"""Refusals of what has to do with offline use."""

from kaquan.foundation.errors import ExitCode, KaquanError


def batch_not_for_offline(batch_id: int) -> KaquanError:
    """Terms keep this batch's vouchers online."""
    return KaquanError(
        "batch_not_for_offline",
        zh=f"批次 {batch_id} 的规则不允许离线核销，没有带签名的券码；"
        "需要时请在新活动的规则里打开“离线核销”。",
        en=f"The terms of batch {batch_id} do not allow use without a network, so there are no "
        "signed codes; turn offline use on in the terms of a new campaign.",
    )


def books_out_of_reach() -> KaquanError:
    """Whether it was booked is not known; handed in again it is booked once."""
    return KaquanError(
        "offline_books_out_of_reach",
        zh="账本暂时写不进去，离线记录都还在设备上，请稍后再传。",
        en="The books cannot be written just now; everything is still on the device: try again.",
    )


def signing_key_unknown(key_id: int) -> KaquanError:
    """There is no key of this number that signs codes."""
    return KaquanError(
        "signing_key_unknown",
        zh=f"没有编号为 {key_id} 的签名密钥；请用 kaquan codes signing-keys list 查看。",
        en=f"There is no signing key {key_id}; see kaquan codes signing-keys list.",
        exit_code=ExitCode.FAILED,
    )


def signing_key_revoked(key_id: int) -> KaquanError:
    """It was revoked before."""
    return KaquanError(
        "signing_key_revoked",
        zh=f"签名密钥 {key_id} 已经吊销。",
        en=f"The signing key {key_id} is revoked already.",
        exit_code=ExitCode.FAILED,
    )
