"""Refusals of what has to do with offline use."""

from kaquan.foundation.errors import KaquanError


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
