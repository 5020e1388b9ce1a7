"""Numbers and money as the pages write them."""

from django import template

from kaquan.engine.money import format_yuan

register = template.Library()


@register.filter
def grouped(number: int) -> str:
    """``1,234,567``."""
    return f"{number:,}"


@register.filter
def yuan(amount_fen: int) -> str:
    """``¥1,234.50``."""
    return format_yuan(amount_fen)
