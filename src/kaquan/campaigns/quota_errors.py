"""What can go wrong with quotas of stores."""

from kaquan.foundation.errors import KaquanError


def quota_moved(*, expected: int, now: int, wanted: int) -> KaquanError:
    """Somebody else changed it since it was looked at."""
    return KaquanError(
        "quota_moved",
        zh=f"配额在您打开之后已被改动：您看到的是 {expected:,} 张，现在是 {now:,} 张，"
        f"您要改为 {wanted:,} 张；未做任何变更。",
        en=f"The quota was changed since you looked: you saw {expected:,}, it is {now:,} now, and "
        f"you asked for {wanted:,}. Nothing was changed.",
    )


def quota_beyond_stock(available: int) -> KaquanError:
    """There is not as much."""
    return KaquanError(
        "quota_beyond_stock",
        zh=f"可调拨的只有 {available:,} 张；请先制券，或减少数量。",
        en=f"Only {available:,} vouchers can be moved; mint more, or ask for fewer.",
    )


def quota_in_use() -> KaquanError:
    """Something has happened to vouchers that would go back."""
    return KaquanError(
        "quota_in_use",
        zh="要收回的券中已有发出或使用过的，不能收回；请减少收回的数量。",
        en="Some of the vouchers that would go back were handed out or used; take back fewer.",
    )
