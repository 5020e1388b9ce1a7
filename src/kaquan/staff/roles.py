"""The roles that every installation has. Rows of them are written by migrations.

The three administrators are separated: the system's keeps accounts and gives no rights, the
security's gives rights and keeps no accounts, the audit's sees what both did and changes nothing.
"""

from typing import NamedTuple

from kaquan.staff.models import Administers

_SEE_BUSINESS = (
    "organisations.view",
    "customers.view",
    "offers.view",
    "campaigns.view",
    "budgets.view",
    "ledger.view",
    "reports.view",
    "voucher.trace",
    "jobs.view",
    "approvals.view",
)
_SERVE = (
    *("redemption.redeem", "voucher.trace", "customers.view", "organisations.view"),
    *("desk.register", "custody.view", "custody.move"),
)
_MANAGE = (*_SERVE, "redemption.reverse", "reports.view", "ledger.view", "campaigns.view")


class BuiltInRole(NamedTuple):
    """A role as the migrations write it."""

    code: str
    name_zh: str
    name_en: str
    permissions: tuple[str, ...]
    administers: Administers = Administers.NOTHING
    must_use_second_factor: bool = False


BUILT_IN_ROLES = (
    BuiltInRole(
        "head_operations",
        "总部运营",
        "Head office operations",
        (
            *_SEE_BUSINESS,
            *("organisations.edit", "customers.edit", "customers.view_personal", "offers.edit"),
            *("campaigns.edit", "campaigns.approve", "codes.import", "codes.export", "events.view"),
            *("products.edit", "orders.edit", "announcements.edit", "views.share"),
            *("redemption.redeem", "redemption.issue", "redemption.reverse", "voucher.care"),
            *("voucher.approve", "desk.register"),
            *("custody.view", "custody.move", "custody.supply"),
            *("staff.view", "staff.grant", "keys.view", "keys.edit"),
        ),
        must_use_second_factor=True,
    ),
    BuiltInRole(
        "regional_operations",
        "区域运营",
        "Regional operations",
        (
            *_SEE_BUSINESS,
            *("organisations.edit", "customers.edit", "campaigns.edit", "campaigns.approve"),
            "views.share",
            *("redemption.redeem", "redemption.issue", "redemption.reverse", "voucher.care"),
            *("voucher.approve", "desk.register"),
            *("custody.view", "custody.move", "custody.supply"),
            *("staff.view", "staff.grant"),
        ),
    ),
    BuiltInRole(
        "store_manager",
        "店长",
        "Store manager",
        (*_MANAGE, "redemption.issue", "staff.view", "staff.grant"),
    ),
    BuiltInRole("clerk", "店员", "Clerk", _SERVE),
    BuiltInRole(
        "finance",
        "财务",
        "Finance",
        (
            *_SEE_BUSINESS,
            *("budgets.edit", "budgets.approve", "campaigns.approve", "ledger.prove"),
            "views.share",
        ),
        must_use_second_factor=True,
    ),
    BuiltInRole(
        "auditor",
        "审计员",
        "Auditor",
        (
            *_SEE_BUSINESS,
            *("keys.view", "webhooks.view", "staff.view", "changes.view", "ledger.prove"),
            "logins.view",
        ),
    ),
    BuiltInRole(
        "system_administrator",
        "系统管理员",
        "System administrator",
        (
            *("organisations.view", "organisations.edit", "staff.view", "staff.edit"),
            *("webhooks.view", "webhooks.edit", "events.view", "jobs.view"),
            *("settings.edit", "announcements.edit"),
        ),
        Administers.SYSTEM,
        must_use_second_factor=True,
    ),
    BuiltInRole(
        "security_administrator",
        "安全管理员",
        "Security administrator",
        (
            *("organisations.view", "staff.view", "staff.grant", "staff.delegate"),
            *("keys.view", "keys.edit", "approvals.view", "approvals.rules", "logins.view"),
        ),
        Administers.SECURITY,
        must_use_second_factor=True,
    ),
    BuiltInRole(
        "audit_administrator",
        "审计管理员",
        "Audit administrator",
        (
            *("organisations.view", "staff.view", "changes.view", "ledger.view", "keys.view"),
            *("approvals.view", "logins.view"),
        ),
        Administers.AUDIT,
        must_use_second_factor=True,
    ),
)
