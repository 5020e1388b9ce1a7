"""What people may be allowed to do: what API keys may, and what only people do."""

from kaquan.access.permissions import PERMISSIONS as KEY_PERMISSIONS
from kaquan.access.permissions import PUBLISHABLE_PERMISSIONS, Permission

VIEW = "staff.view"
EDIT = "staff.edit"
GRANT = "staff.grant"
DELEGATE = "staff.delegate"

PERMISSIONS: tuple[Permission, ...] = (
    *(one for one in KEY_PERMISSIONS if one.name not in PUBLISHABLE_PERMISSIONS),
    Permission(VIEW, "查看员工账号和角色", "see accounts and roles"),
    Permission(EDIT, "建立、停用账号，重置密码", "create and disable accounts, reset passwords"),
    Permission(GRANT, "授予、收回自己也有的角色", "grant and revoke roles that one holds oneself"),
    Permission(
        DELEGATE,
        "授予、收回自己没有的业务角色，重置二次验证",
        "grant and revoke business roles that one does not hold; reset second factors",
    ),
    Permission("products.edit", "导入商品", "bring in products"),
    Permission("orders.edit", "导入历史订单", "bring in orders of the past"),
    Permission("changes.view", "查看变更记录", "see the change log"),
)
PERMISSION_NAMES = frozenset(permission.name for permission in PERMISSIONS)
