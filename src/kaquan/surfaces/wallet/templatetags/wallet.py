"""What the wallet's templates say and how they show amounts and moments."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import mark_safe

from kaquan.engine.money import format_yuan
from kaquan.foundation.configuration import current_configuration
from kaquan.organisations.issuer_settings import CUSTOMER_SERVICE, issuer_setting
from kaquan.organisations.models import Store
from kaquan.surfaces.wallet.words import Look, place_of

register = template.Library()


@register.simple_tag(takes_context=True)
def say(context: Any, zh: str, en: str) -> str:
    """The one of two texts that the reader wants."""
    look: Look = context["look"]
    return look.say(zh, en)


@register.simple_tag(takes_context=True)
def issuers(context: Any, zh: str) -> str:
    """A text of the issuer's, which stands in one language."""
    look: Look = context["look"]
    return look.issuers(zh)


@register.simple_tag(takes_context=True)
def here(context: Any, page: str) -> str:
    """Marks the link that leads to the page one is on."""
    request: HttpRequest = context["request"]
    return mark_safe(' aria-current="page"') if request.path == reverse(page) else ""


@register.simple_tag
def customer_service() -> str:
    """How the issuer is reached, where it says so."""
    found: str = issuer_setting(CUSTOMER_SERVICE.name)
    return found


@register.filter
def place(store: Store) -> str:
    """Where a store is."""
    return place_of(store)


@register.filter
def yuan(amount_fen: int) -> str:
    """An amount as people read it."""
    return format_yuan(amount_fen)


@register.filter
def until(ends_at: datetime | None) -> str:
    """The last minute that still counts: what ends at midnight is good through the day before."""
    return "" if ends_at is None else moment(ends_at - timedelta(seconds=1))


@register.filter
def moment(at: datetime | None) -> str:
    """A moment in the issuer's zone."""
    if at is None:
        return ""
    return at.astimezone(current_configuration().time_zone).strftime("%Y-%m-%d %H:%M")
