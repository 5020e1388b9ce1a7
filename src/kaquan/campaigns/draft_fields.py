"""The fields of a campaign's draft, step by step. Screens show them, `draft_plans` reads them."""

from __future__ import annotations

from itertools import product

STEPS = ("basics", "face", "rules", "issue", "budget", "preview", "submit")

DIMENSIONS = ("customer", "person", "store", "channel", "batch")
PERIODS = ("ever", "day")
SHARES = 6
WINDOWS = 2
TRIAL_LINES = 5

BENEFIT_KINDS = (
    "amount_off",
    "percent_off",
    "cash_voucher",
    "exchange",
    "count_card",
    "prepaid_card",
    "free_unit",
)
COLOURS = ("red", "orange", "gold", "green", "teal", "blue", "purple", "black")


def limit_field(dimension: str, at: str, period: str, unit: str) -> str:
    """The name of a limit's field."""
    return f"limit_{dimension}_{at}_{period}_{unit}"


def limited_channels_field(at: str) -> str:
    """The name of the field that says which channels are limited."""
    return f"limited_channels_{at}"


def share_fields(number: int) -> tuple[str, str, str]:
    """Who pays, in which way, how much; numbers begin at 1."""
    return f"share_{number}_funder", f"share_{number}_kind", f"share_{number}_value"


def trial_fields(number: int) -> tuple[str, str, str, str]:
    """A line of the cart to try out: SKU, categories, quantity, unit price."""
    return tuple(f"try_{number}_{name}" for name in ("sku", "categories", "quantity", "price"))  # type: ignore[return-value]


CLAIM_LIMITS = {
    limit_field(dimension, "claim", period, "uses"): (dimension, "claim", period, "uses")
    for dimension, period in product(DIMENSIONS, PERIODS)
}
USE_LIMITS = {
    limit_field(dimension, "redeem", period, unit): (dimension, "redeem", period, unit)
    for unit, dimension, period in product(("uses", "fen"), DIMENSIONS, PERIODS)
}

BENEFIT_FIELDS: dict[str, tuple[str, ...]] = {
    "amount_off": ("amount",),
    "percent_off": ("tenths", "percent_cap", "rounding"),
    "cash_voucher": ("cash_face", "in_parts"),
    "exchange": ("goods_skus", "goods_categories", "goods_quantity", "goods_pay", "goods_cap"),
    "count_card": ("uses", "use_value", "use_covers"),
    "prepaid_card": ("card_face", "card_max", "reloadable", "least_top_up"),
    "free_unit": ("buy", "free", "free_cap"),
}
VALIDITY_FIELDS: dict[str, tuple[str, ...]] = {
    "fixed_range": ("first_day", "last_day"),
    "after_claim": ("days", "start_after_days"),
    "exact_range": ("exact_from", "exact_until"),
}
_BASICS = (
    "code",
    "name",
    "kind",
    "starts_at",
    "ends_at",
    "goal",
    "organisation_id",
    "jurisdiction",
)
_FACE = ("title_zh", "title_en", "brand", "note_zh", "note_en", "colour")
_RULES = (
    "benefit",
    *(field for fields in BENEFIT_FIELDS.values() for field in fields),
    "validity",
    *(field for fields in VALIDITY_FIELDS.values() for field in fields),
    "weekdays",
    *(f"window_{number}_{end}" for number in range(1, WINDOWS + 1) for end in ("from", "until")),
    "excluded_days",
    "nodes",
    "store_codes",
    "not_nodes",
    "not_store_codes",
    "channels",
    "terminal_kinds",
    "skus",
    "categories",
    "goods_mode",
    "not_skus",
    "not_categories",
    "none_skus",
    "none_categories",
    "minimum",
    "minimum_basis",
    "minimum_over",
    "first_order_only",
    "customer_required",
    "tags_any",
    "tags_every",
    "tags_none",
    *USE_LIMITS,
    limited_channels_field("redeem"),
    "stack_policy",
    "stack_classes",
    "stack_class",
    "priority",
    "transferable",
    "offline_use",
    "transfer_limit",
    "refund",
)
_ISSUE = (
    "batch_name",
    "quantity",
    "way",
    *CLAIM_LIMITS,
    limited_channels_field("claim"),
    "price",
)
_BUDGET = (
    "budget_id",
    "commit",
    *(field for number in range(1, SHARES + 1) for field in share_fields(number)),
)
_TRIAL = (
    "try_at",
    "try_store",
    "try_channel",
    "try_terminal",
    "try_customer",
    "try_tags",
    "try_claimed",
    *(field for number in range(1, TRIAL_LINES + 1) for field in trial_fields(number)),
)

FIELDS: dict[str, tuple[str, ...]] = {
    "basics": _BASICS,
    "face": _FACE,
    "rules": _RULES,
    "issue": _ISSUE,
    "budget": _BUDGET,
    "preview": _TRIAL,
    "submit": (),
}
STEP_OF = {field: step for step, fields in FIELDS.items() for field in fields}
assert len(STEP_OF) == sum(map(len, FIELDS.values())), "a field stands in one step"

#: What a copy begins without: each campaign has its own.
NOT_COPIED = ("code", *_TRIAL)
