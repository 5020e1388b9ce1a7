"""The words for terms that are compared: fields, values, and what stands against a change."""

from __future__ import annotations

Words = tuple[str, str]
"""Chinese and English."""

#: Fields by their path in the terms.
FIELDS: dict[str, Words] = {
    "benefit": ("优惠", "Benefit"),
    "benefit.amount_fen": ("减免金额", "Amount off"),
    "benefit.basis_points_off": ("折扣", "Share off"),
    "benefit.cap_fen": ("最高优惠", "Most that it gives"),
    "benefit.rounding": ("舍入方式", "Rounding"),
    "benefit.face_fen": ("面额", "Face value"),
    "benefit.allow_partial": ("可分次使用", "May be used in parts"),
    "benefit.goods": ("可兑换商品", "Goods given"),
    "benefit.quantity": ("可兑换件数", "Units given"),
    "benefit.pay_fen": ("每件加价", "Paid for each unit"),
    "benefit.value_cap_fen": ("最高抵扣", "Most that it covers"),
    "benefit.max_balance_fen": ("余额上限", "Highest balance"),
    "benefit.reloadable": ("可充值", "Takes top-ups"),
    "benefit.minimum_top_up_fen": ("单次最低充值", "Lowest top-up"),
    "validity.range": ("有效期", "Validity"),
    "validity.range.first_day": ("首日", "First day"),
    "validity.range.last_day": ("末日", "Last day"),
    "validity.range.starts_at": ("开始时间", "Begins at"),
    "validity.range.ends_at": ("截止时间", "Ends at"),
    "validity.weekdays": ("可用星期", "Weekdays"),
    "validity.daily_windows": ("每日可用时段", "Hours of the day"),
    "validity.excluded_dates": ("不可用日期", "Excluded dates"),
    "validity.time_zone": ("时区", "Time zone"),
    "scope.stores.include": ("适用门店", "Stores"),
    "scope.stores.exclude": ("不适用门店", "Excluded stores"),
    "scope.channels": ("使用渠道", "Channels"),
    "scope.terminal_kinds": ("受理终端", "Terminals"),
    "scope.products": ("适用商品", "Goods"),
    "scope.products.include": ("适用商品", "Goods"),
    "scope.products.mode": ("商品组合方式", "How goods combine"),
    "scope.products.exclude": ("不适用商品", "Excluded goods"),
    "scope.products.none": ("订单中不得有的商品", "Goods that forbid it"),
    "scope.order_minimum_fen": ("使用门槛", "Minimum spend"),
    "scope.minimum_basis": ("使用门槛的计算方式", "When the minimum is measured"),
    "scope.minimum_over": ("使用门槛的计算范围", "What the minimum is measured over"),
    "scope.first_order_only": ("仅限首单", "First order only"),
    "scope.customer_tags.any": ("须有任一会员标签", "Tags of which one is needed"),
    "scope.customer_tags.every": ("须有全部会员标签", "Tags that are all needed"),
    "scope.customer_tags.none": ("不得有的会员标签", "Tags that forbid it"),
    "scope.customer_required": ("须出示会员身份", "Customer must be known"),
    "limits": ("限领与限用", "Limits"),
    "funding": ("费用承担", "Who bears the cost"),
    "stack.policy": ("与其他券同用", "Together with other vouchers"),
    "stack.classes": ("可同用的类别", "Classes it stacks with"),
    "stack.stack_class": ("本券类别", "Its own class"),
    "stack.priority": ("使用次序", "Order of use"),
    "transferable": ("可转赠", "May be passed on"),
    "transfer_limit": ("转赠次数", "How often it may be passed on"),
    "commit": ("预算占用时点", "When budget is set aside"),
    "price_fen": ("售价", "Price"),
    "offline_use": ("离线可核销", "Used without a network"),
    "refund_on_reverse": ("退款时券退回", "Given back on a refund"),
}

KINDS: dict[str, Words] = {
    "amount_off": ("满减券", "amount off"),
    "percent_off": ("折扣券", "percent off"),
    "cash_voucher": ("代金券", "cash voucher"),
    "exchange": ("兑换券", "exchange"),
    "prepaid_card": ("储值卡", "prepaid card"),
    "count_card": ("次卡", "count card"),
    "free_unit": ("买赠券", "free unit"),
    "fixed_range": ("固定日期", "fixed days"),
    "exact_range": ("固定时间", "fixed moments"),
    "after_claim": ("领取后计算", "from the claim on"),
    "fixed": ("固定金额", "fixed amount"),
    "first_to_cap": ("先行承担", "first up to a cap"),
    "percent": ("按比例", "a share"),
    "remainder": ("其余部分", "the rest"),
}

VALUES: dict[str, Words] = {
    "before": ("其他优惠之前", "before other discounts"),
    "after": ("其他优惠之后", "after other discounts"),
    "eligible": ("适用商品", "goods that count"),
    "order": ("整单", "the whole order"),
    "any": ("任一即可", "any of them"),
    "every": ("须全部购买", "all of them"),
    "never": ("否", "never"),
    "only_with": ("仅限指定类别", "with some classes"),
    "always": ("是", "always"),
    "if_valid": ("有效期内退回", "while it is valid"),
    "down": ("舍去", "down"),
    "up": ("进位", "up"),
    "half_up": ("四舍五入", "half up"),
    "issue": ("发放时", "when issued"),
    "redeem": ("核销时", "when used"),
}

WHOSE: dict[str, Words] = {
    "customer": ("每位会员", "each customer"),
    "person": ("每人", "each person"),
    "store": ("每家门店", "each store"),
    "channel": ("每个渠道", "each channel"),
    "batch": ("本批次", "the batch"),
}

YES: Words = ("是", "yes")
NO: Words = ("否", "no")
NOBODY: Words = ("不限", "no restriction")
NOTHING: Words = ("无", "none")

#: What to do instead where a change is not for vouchers that were issued.
INSTEAD: Words = (
    "请把此项改回，或为今后发放的券发布新版本",
    "put it back, or publish a new version for vouchers issued from now on",
)
SET_AT_CLAIM: Words = (
    "每张券的有效期在领取时已定，改规则不会延长；请用“延期”办理",
    "each voucher got its days when it was claimed, and terms change none: extend them instead",
)
USES_ON_CARD: Words = (
    "剩余次数记在每张卡上，改规则不会增加；请用“调整”办理",
    "each card carries its own uses, and terms change none: adjust them instead",
)
BALANCE_ON_VOUCHER: Words = (
    "余额记在每张券上，改规则不会增加；请用“调整”办理",
    "each voucher carries its own balance, and terms change none: adjust them instead",
)
SET_ASIDE: Words = (
    "预算已在发放时按每张最高成本占用，改变最高成本会使券用不了；请为今后发放的券发布新版本",
    (
        "money was set aside for each at the highest cost that it had: "
        "publish a new version for vouchers issued from now on"
    ),
)
TIME_IS_OVER: Words = (
    "这批券的有效期已过，改规则不会使过期券恢复；请用“延期”办理",
    "the time of these vouchers is over, and terms bring none back: extend them instead",
)
