"""docs/reference/permissions.md: what an API key may be allowed to do."""

from __future__ import annotations

from types import ModuleType

from tools.docs.markdown import both, heading, table

_INTRODUCTION = """
`kaquan keys create CLIENT --allow PERMISSION` 把权限授予密钥。
可公开的密钥只能有以 `wallet.` 开头的权限。

`kaquan keys create CLIENT --allow PERMISSION` gives a permission to a key. A publishable key may
only hold those that begin with `wallet.`.

"""


def page(permissions: ModuleType) -> str:
    """The page, from ``PERMISSIONS`` of `kaquan.access.permissions`."""
    rows = ((f"`{one.name}`", both(one.zh, one.en)) for one in permissions.PERMISSIONS)
    title = heading("权限", "Permissions", source=permissions.__name__)
    return title + _INTRODUCTION + table(("权限 · Permission", "可以 · Allows"), rows)
