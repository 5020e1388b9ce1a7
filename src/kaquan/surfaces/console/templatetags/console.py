"""The menu, and cells as they look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.db import Error as DatabaseError

from kaquan.foundation import clock
from kaquan.staff.announcing import announcements_for
from kaquan.staff.models import StaffUser
from kaquan.staff.presence import standing_of_request
from kaquan.surfaces.console.kit import menu
from kaquan.surfaces.console.screens import MENU
from kaquan.surfaces.console.screens.announcements import text_of, title_of

register = template.Library()


@register.inclusion_tag("console/parts/menu.html", takes_context=True)
def side_menu(context: Mapping[str, Any]) -> dict[str, Any]:
    """The groups that the actor may open; nothing for somebody who has not logged in."""
    actor = context.get("actor")
    return {
        "groups": menu.shown(MENU, actor) if actor else [],
        "current": context.get("menu_name", ""),
    }


@register.simple_tag(takes_context=True)
def menu_title(context: Mapping[str, Any]) -> str:
    """The heading of the group that the page belongs to."""
    current = context.get("menu_name")
    for group in MENU:
        if any(entry.name == current for entry in group.entries):
            return str(group.title)
    return ""


@register.simple_tag(takes_context=True)
def menu_entry(context: Mapping[str, Any]) -> menu.Entry | None:
    """The entry that the page belongs to."""
    current = context.get("menu_name")
    return next((entry for group in MENU for entry in group.entries if entry.name == current), None)


@register.inclusion_tag("console/parts/announcements.html", takes_context=True)
def announcements(context: Mapping[str, Any]) -> dict[str, Any]:
    """What somebody has not read yet; nothing where the database is away."""
    request, actor = context.get("request"), context.get("actor")
    user = getattr(request, "user", None)
    found: list[tuple[Any, str, str]] = []
    if request is not None and actor is not None and isinstance(user, StaffUser):
        standing = standing_of_request(request)
        roles = standing.role_codes if standing else ()
        try:
            shown = announcements_for(user, actor, roles=roles, at=clock.now())
        except DatabaseError:
            shown = []
        found = [(one, title_of(one), text_of(one)) for one in shown]
    return {
        "announcements": found,
        "here": request.get_full_path() if request is not None else "",
        "csrf_token": context.get("csrf_token"),
    }
