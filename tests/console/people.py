"""Someone who uses the console, and their browser."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from kaquan.organisations.models import Organisation
from kaquan.staff.models import Role, StaffUser
from kaquan.surfaces.console.screens import SCREENS
from tests.staff.people import somebody

#: Of actions that stand on a screen with another permission.
OF_ACTIONS = {
    "campaigns.edit",
    "campaigns.approve",
    "keys.edit",
    "staff.delegate",
    "webhooks.edit",
    "voucher.care",
    "views.share",
    "codes.export",
}


def an_operator(organisation: Organisation | None, *permissions: str) -> StaffUser:
    """Someone whose role gives these permissions in a part of the tree; all that the console asks
    for if none are named."""
    wanted = set(permissions) or OF_ACTIONS | {screen.permission for screen in SCREENS}
    role, _ = Role.objects.get_or_create(
        code=f"console-{'-'.join(sorted(permissions)) or 'all'}"[:60],
        defaults={"name_zh": "测试", "name_en": "Tests", "permissions": sorted(wanted - {""})},
    )
    return somebody(organisation, role.code)


def a_browser(user: StaffUser, language: str = "zh-hans", **options: Any) -> Client:
    """Someone's browser, logged in."""
    client = Client(headers={"accept-language": language, "host": "localhost"}, **options)
    client.force_login(user)
    return client


def at(name: str, **key: Any) -> str:
    """A screen's address."""
    return reverse(f"console:{name}", kwargs=key)
