"""What people may be allowed to do: what API keys may, and what only people do."""

from kaquan.access.permissions import PERMISSIONS as KEY_PERMISSIONS
from kaquan.access.permissions import PUBLISHABLE_PERMISSIONS, Permission

VIEW = "staff.view"
EDIT = "staff.edit"
GRANT = "staff.grant"
DELEGATE = "staff.delegate"
ANNOUNCE = "announcements.edit"
LOGINS = "logins.view"

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
    Permission("desk.register", "登记纸质券联", "register slips of paper vouchers"),
    Permission("custody.view", "查看纸券库存和保管记录", "see paper vouchers and who has them"),
    Permission(
        "custody.move",
        "交接、签收、发放纸券，登记破损和短少",
        "send, sign for and hand out paper vouchers; report spoiled and missing ones",
    ),
    Permission(
        "custody.supply",
        "接收印制、激活、销毁纸券，处理短少",
        "take paper from the printer, activate and destroy it, settle what is missing",
    ),
    Permission("products.edit", "导入商品", "bring in products"),
    Permission("orders.edit", "导入历史订单", "bring in orders of the past"),
    Permission("approvals.view", "查看审批单", "see requests for approval"),
    Permission("approvals.rules", "设置审批规则", "make the rules of approval"),
    Permission("campaigns.approve", "审批活动", "approve campaigns"),
    Permission("budgets.approve", "审批预算变更和划拨", "approve changes of and between budgets"),
    Permission("ledger.prove", "立即核对全部账目", "prove the whole ledger now"),
    Permission(
        "voucher.approve",
        "审批券的批量和超限操作",
        "approve what is done to many vouchers, or beyond a person's authority",
    ),
    Permission("changes.view", "查看变更记录", "see the change log"),
    Permission(LOGINS, "查看登录记录", "see who logged in, from where, and who failed to"),
    Permission(
        "views.share",
        "把保存的视图共享给本组织",
        "share saved views with one's part of the tree",
    ),
    Permission(
        "settings.edit", "更改发行方的设置和节假日", "change the issuer's settings and holidays"
    ),
    Permission(ANNOUNCE, "发布公告", "publish announcements"),
)
PERMISSION_NAMES = frozenset(permission.name for permission in PERMISSIONS)

ADMINISTRATORS_ONLY = frozenset({EDIT, DELEGATE, "settings.edit", "approvals.rules"})
"""What no role but the built-in administrators' gives: who composes roles gets no further by it."""
