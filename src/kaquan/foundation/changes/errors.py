"""What may be wrong with a question about the change log."""

from kaquan.foundation.errors import KaquanError


def change_unknown(change_id: int) -> KaquanError:
    """It does not exist, or belongs to another part of the tree: both look alike."""
    return KaquanError(
        "change_unknown",
        zh=f"没有变更记录 {change_id}，或不在您的管辖范围内。",
        en=f"There is no change {change_id}, or not in your part of the tree.",
    )
