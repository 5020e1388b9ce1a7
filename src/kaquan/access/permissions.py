"""What an API key may be allowed to do; a key's scopes are the permissions of the capabilities."""

from typing import NamedTuple


class Permission(NamedTuple):
    """One thing that a key may be allowed to do."""

    name: str
    zh: str
    en: str


PERMISSIONS: tuple[Permission, ...] = (
    Permission("redemption.redeem", "试算、预占、核销", "validate, hold, redeem"),
    Permission("redemption.reverse", "撤销核销", "reverse redemptions"),
    Permission("redemption.issue", "发券：领取、指派、售券、充值", "claim, assign, sell, top up"),
    Permission("voucher.trace", "查券的经过", "see the life of a voucher"),
    Permission(
        "voucher.care",
        "冻结、作废、延期、转赠、调整",
        "freeze, void, extend, transfer and adjust vouchers",
    ),
    Permission("organisations.view", "查看组织和门店", "see organisations and stores"),
    Permission("organisations.edit", "维护组织和门店", "change organisations and stores"),
    Permission("customers.view", "查看客户", "see customers"),
    Permission(
        "customers.view_personal",
        "查看客户的完整个人信息",
        "see names and phones in full",
    ),
    Permission("customers.edit", "维护客户", "change customers"),
    Permission("offers.view", "查看券模板", "see offers"),
    Permission("offers.edit", "维护券模板", "change offers"),
    Permission("campaigns.view", "查看活动和批次", "see campaigns and batches"),
    Permission("campaigns.edit", "维护活动和批次", "change campaigns and batches"),
    Permission("codes.import", "导入外部券码", "bring in codes made elsewhere"),
    Permission("codes.export", "导出券码", "write down codes"),
    Permission("budgets.view", "查看预算", "see budgets"),
    Permission("budgets.edit", "维护预算", "change budgets"),
    Permission("ledger.view", "查看账目", "see the books"),
    Permission("reports.view", "查看报表", "see reports"),
    Permission("webhooks.view", "查看事件推送", "see webhooks"),
    Permission("webhooks.edit", "维护事件推送", "change webhooks"),
    Permission("keys.view", "查看接入方和密钥", "see API clients and keys"),
    Permission("keys.edit", "维护接入方和密钥", "change API clients and keys"),
    Permission("events.view", "读取事件流", "read the event feed"),
    Permission("jobs.view", "查看后台任务", "see background jobs"),
    Permission("wallet.claim", "顾客自己领券", "claim as the customer"),
    Permission("wallet.view", "顾客看自己的券", "see the customer's own vouchers"),
)
PERMISSION_NAMES = frozenset(permission.name for permission in PERMISSIONS)
PUBLISHABLE_PERMISSIONS = ("wallet.claim", "wallet.view")
"""All that a key may hold that everyone can read in an app."""
