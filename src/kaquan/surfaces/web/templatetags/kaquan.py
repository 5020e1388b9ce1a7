"""Numbers, money and operations as the pages write them."""

from django import template
from django.utils.translation import gettext, gettext_noop

from kaquan.engine.entries import OPERATIONS
from kaquan.engine.money import format_yuan

register = template.Library()

OPERATION_WORDS = {
    "open_budget": gettext_noop("Budget opened"),
    "change_budget": gettext_noop("Budget changed"),
    "define_batch": gettext_noop("Batch opened"),
    "mint": gettext_noop("Minted"),
    "set_batch_state": gettext_noop("Batch state"),
    "activate": gettext_noop("Activated"),
    "allot": gettext_noop("Allotted"),
    "claim": gettext_noop("Claimed"),
    "assign": gettext_noop("Assigned"),
    "sell": gettext_noop("Sold"),
    "top_up": gettext_noop("Topped up"),
    "redeem": gettext_noop("Redeemed"),
    "hold": gettext_noop("Held"),
    "release": gettext_noop("Released"),
    "reverse": gettext_noop("Reversed"),
    "transfer": gettext_noop("Passed on"),
    "extend": gettext_noop("Extended"),
    "freeze": gettext_noop("Frozen"),
    "unfreeze": gettext_noop("Unfrozen"),
    "void": gettext_noop("Voided"),
    "expire": gettext_noop("Expired"),
    "adjust": gettext_noop("Adjusted"),
    "move_pieces": gettext_noop("Paper moved"),
    "revise_terms": gettext_noop("Terms improved"),
    "book_loss": gettext_noop("Loss booked"),
}
assert set(OPERATION_WORDS) == set(OPERATIONS)


@register.filter
def grouped(number: int) -> str:
    """``1,234,567``."""
    return f"{number:,}"


@register.filter
def yuan(amount_fen: int) -> str:
    """``¥1,234.50``."""
    return format_yuan(amount_fen)


@register.filter
def operation(name: str) -> str:
    """What was done, in the page's language."""
    return gettext(OPERATION_WORDS[name])
