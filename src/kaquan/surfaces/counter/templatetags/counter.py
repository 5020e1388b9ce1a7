"""The one of two texts that the reader wants."""

from typing import Any

from django import template

register = template.Library()


@register.simple_tag(takes_context=True)
def say(context: Any, zh: str, en: str) -> str:
    """The text in the page's language."""
    return en if context["language"] == "en" else zh
