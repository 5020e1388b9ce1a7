"""The wizard's step 规则: what a voucher gives, when, where, for what and to whom."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from kaquan.campaigns.draft_fields import (
    BENEFIT_KINDS,
    DIMENSIONS,
    PERIODS,
    limit_field,
    limited_channels_field,
)
from kaquan.foundation.actor import Actor
from kaquan.organisations.listings import upper_nodes
from kaquan.surfaces.console.kit.cells import Text
from kaquan.surfaces.console.kit.fields import SEPARATOR, Field
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.wizard import Draft, Row, Section
from kaquan.surfaces.console.words import BENEFITS, CHANNELS

AMOUNT_CHARACTERS_MAX = 20
NAMES_CHARACTERS_MAX = 20_000
_LIST_HINT = _("One a line, or with commas between them")

DIMENSION_WORDS = {
    "customer": _("Each customer"),
    "person": _("Each natural person"),
    "store": _("Each store"),
    "channel": _("Each channel"),
    "batch": _("The whole batch"),
}
WEEKDAYS = [
    ("1", _("Monday")),
    ("2", _("Tuesday")),
    ("3", _("Wednesday")),
    ("4", _("Thursday")),
    ("5", _("Friday")),
    ("6", _("Saturday")),
    ("7", _("Sunday")),
]
TERMINALS = [
    ("till", _("Till")),
    ("handheld", _("Handheld")),
    ("phone", _("Clerk's phone")),
    ("kiosk", _("Kiosk")),
]
_VALIDITIES = [
    ("fixed_range", _("From day to day")),
    ("after_claim", _("A number of days from the claim")),
    ("exact_range", _("From moment to moment")),
]
_KIND_FIELDS: dict[str, tuple[Field, ...]] = {}


def money_field(name: str, title: Text, *, required: bool = False, hint: Text = "") -> Field:
    """An amount in yuan."""
    return Field(
        name, title, required=required, hint=hint or _("Yuan, such as 12.50"),
        characters_max=AMOUNT_CHARACTERS_MAX,
    )  # fmt: skip


def number_field(name: str, title: Text, *, required: bool = False, hint: Text = "") -> Field:
    """A whole number."""
    return Field(name, title, required=required, hint=hint, characters_max=16)


def names_field(name: str, title: Text, hint: Text = _LIST_HINT) -> Field:
    """Names, one a line."""
    return Field(name, title, "long_text", hint=hint, characters_max=NAMES_CHARACTERS_MAX)


def switch(name: str, title: Text, hint: Text) -> Field:
    """On or off."""
    return Field(name, title, "switch", hint=hint)


_KIND_FIELDS |= {
    "amount_off": (money_field("amount", _("Amount taken off"), required=True),),
    "percent_off": (
        Field(
            "tenths", _("Discount rate (折)"), required=True, characters_max=8,
            hint=_("What is paid, in tenths: 8.5 is 15 % off"),
        ),
        money_field("percent_cap", _("At most off")),
        Field("rounding", _("A fraction of a fen"), "choice", options=[
            ("down", _("Dropped")), ("half_up", _("Rounded")), ("up", _("Rounded up"))]),
    ),
    "cash_voucher": (
        money_field("cash_face", _("Face value"), required=True),
        switch("in_parts", _("In parts"), _("May be used in several parts until it is used up")),
    ),
    "exchange": (
        names_field("goods_skus", _("Goods to choose from (SKU)")),
        names_field("goods_categories", _("Categories to choose from")),
        number_field("goods_quantity", _("How many units")),
        money_field("goods_pay", _("To pay for each unit"), hint=_("Empty: for nothing")),
        money_field("goods_cap", _("At most covered")),
    ),
    "count_card": (
        number_field("uses", _("How many uses"), required=True),
        money_field("use_value", _("What a use settles at"), required=True),
        money_field("use_covers", _("A use covers at most"),
                    hint=_("Empty: what it settles at")),
    ),
    "prepaid_card": (
        money_field("card_face", _("Face value"), required=True,
                    hint=_("0: the load is chosen when it is sold")),
        money_field("card_max", _("Highest balance")),
        switch("reloadable", _("Top-ups"), _("The card can be topped up")),
        money_field("least_top_up", _("Smallest top-up")),
    ),
    "free_unit": (
        number_field("buy", _("Units to buy"), required=True),
        number_field("free", _("Units free"), hint=_("The cheapest; empty: 1")),
        money_field("free_cap", _("At most off")),
    ),
}  # fmt: skip
assert set(_KIND_FIELDS) == set(BENEFIT_KINDS)


def rules_sections(actor: Actor, draft: Draft) -> Sequence[Section]:
    """The whole step."""
    return (
        Section(_("What it gives"), (
            Field("benefit", _("Kind"), "choice", required=True,
                  options=[(kind, BENEFITS[kind]) for kind in BENEFIT_KINDS]),
        )),
        *(
            Section(BENEFITS[kind], fields, when=("benefit", (kind,)),
                    usual={"rounding": "down"})
            for kind, fields in _KIND_FIELDS.items()
        ),
        Section(_("Minimum of the order"), (
            money_field("minimum", _("Minimum"), hint=_("Empty: none")),
            Field("minimum_over", _("Counted over"), "choice", options=[
                ("eligible", _("The goods it is good for")), ("order", _("The whole order"))]),
            Field("minimum_basis", _("Counted"), "choice", options=[
                ("before", _("Before other discounts")), ("after", _("After other discounts"))]),
        ), usual={"minimum_over": "eligible", "minimum_basis": "before"}),
        *_validity(),
        *_places(actor, draft),
        *_goods(),
        *_people(),
        *_limits(draft),
        *_stacking(),
    )  # fmt: skip


def _validity() -> Sequence[Section]:
    return (
        Section(_("Validity"), (
            Field("validity", _("How long it is good"), "choice", options=_VALIDITIES),
        ), usual={"validity": "fixed_range"}),
        Section("", (
            Field("first_day", _("First day"), "day", required=True),
            Field("last_day", _("Last day"), "day", required=True),
        ), when=("validity", ("fixed_range", ""))),
        Section("", (
            number_field("days", _("Days"), required=True,
                         hint=_("The day of the claim is the first")),
            number_field("start_after_days", _("Begins after so many days"),
                         hint=_("Empty: at once; 1: from the next day")),
        ), when=("validity", ("after_claim",))),
        Section("", (
            Field("exact_from", _("From"), "moment", required=True),
            Field("exact_until", _("Until"), "moment", required=True),
        ), when=("validity", ("exact_range",))),
        Section(_("Weekdays and hours"), (
            Field("weekdays", _("Good on"), "choices", options=WEEKDAYS),
            Field("window_1_from", _("First hours from"), "time"),
            Field("window_1_until", _("First hours until"), "time"),
            Field("window_2_from", _("Second hours from"), "time"),
            Field("window_2_until", _("Second hours until"), "time"),
            names_field("excluded_days", _("Days it is not good on"),
                        _("A day, a run of days or a year's days off a line: "
                          "2026-10-01~2026-10-07, 2026 holidays")),
        ), folded=True, hint=_("Nothing chosen: on any day at any hour")),
    )  # fmt: skip


def _places(actor: Actor, draft: Draft) -> Sequence[Section]:
    nodes = upper_nodes(actor) if holds(actor, "organisations.view") else []
    options = [(str(one.id), one.name) for one in nodes]
    return (
        Section(_("Stores and channels"), (
            Field("nodes", _("Good in all stores of"), "choices", options=options),
            names_field("store_codes", _("And in these stores (codes)")),
            Field("not_nodes", _("But not in the stores of"), "choices", options=options),
            names_field("not_store_codes", _("And not in these stores (codes)")),
            Field("channels", _("Channels"), "choices", options=_channels(draft, "channels")),
            Field("terminal_kinds", _("Terminals"), "choices", options=TERMINALS),
        ), folded=True, hint=_("Nothing chosen: in all stores of one's part, through any channel")),
    )  # fmt: skip


def _channels(draft: Draft, field: str) -> list[tuple[str, Text]]:
    """Those that everybody has, and the issuer's own words in a field."""
    named = draft.content.get(field, "").split(SEPARATOR)
    own = [(one, one) for one in named if one and one not in CHANNELS]
    return [*CHANNELS.items(), *own]


def limited_channels(at: str, draft: Draft) -> Section:
    """Which channels the table above it limits."""
    field = limited_channels_field(at)
    return Section("", (
        Field(field, _("Channels with a limit"), "choices", options=_channels(draft, field),
              hint=_("Nothing chosen: every channel, each by itself")),
    ))  # fmt: skip


def _goods() -> Sequence[Section]:
    return (
        Section(_("Goods"), (
            names_field("skus", _("Good for these goods (SKU)")),
            names_field("categories", _("Good for these categories")),
            Field("goods_mode", _("The order must hold"), "choice", options=[
                ("any", _("Any of them")), ("every", _("Each of them"))]),
            names_field("not_skus", _("Does not count for these goods (SKU)")),
            names_field("not_categories", _("Does not count for these categories")),
            names_field("none_skus", _("Refused with these goods (SKU)")),
            names_field("none_categories", _("Refused with these categories")),
        ), folded=True, usual={"goods_mode": "any"}, hint=_("Nothing said: for any goods")),
    )  # fmt: skip


def _people() -> Sequence[Section]:
    return (
        Section(_("Customers"), (
            switch("customer_required", _("Known customer"), _("Only for known customers")),
            switch("first_order_only", _("New customers"), _("Only on a first order")),
            names_field("tags_any", _("With any of these tags")),
            names_field("tags_every", _("With all of these tags")),
            names_field("tags_none", _("With none of these tags")),
        ), folded=True),
    )  # fmt: skip


def limits_table(at: str, title: Text, hint: Text, columns: Sequence[tuple[str, str, Text]]
                 ) -> Section:  # fmt: skip
    """A row for each dimension, a column for each period and unit."""
    return Section(
        title,
        hint=hint,
        heads=[words for _period, _unit, words in columns],
        rows=[
            Row(DIMENSION_WORDS[dimension], [
                Field(
                    limit_field(dimension, at, period, unit),
                    f"{DIMENSION_WORDS[dimension]} · {words}",
                    characters_max=16,
                )
                for period, unit, words in columns
            ])
            for dimension in DIMENSIONS
        ],
    )  # fmt: skip


def _limits(draft: Draft) -> Sequence[Section]:
    words = {
        ("uses", "ever"): _("Uses in all"), ("uses", "day"): _("Uses a day"),
        ("fen", "ever"): _("Yuan in all"), ("fen", "day"): _("Yuan a day"),
    }  # fmt: skip
    units = ("uses", "fen")
    columns = [(period, unit, words[unit, period]) for unit in units for period in PERIODS]
    return (
        limits_table("redeem", _("Limits of use"), _("Empty: no limit"), columns),
        limited_channels("redeem", draft),
    )


def _stacking() -> Sequence[Section]:
    return (
        Section(_("With other vouchers"), (
            Field("stack_policy", _("On one order"), "choice", options=[
                ("never", _("Alone")),
                ("only_with", _("With some classes")),
                ("always", _("With any that allow it"))]),
            Field("stack_class", _("Its own class"), characters_max=64,
                  hint=_("By which others name it")),
            number_field("priority", _("Priority"), hint=_("Higher ones apply first")),
        ), usual={"stack_policy": "never"}),
        Section("", (
            names_field("stack_classes", _("Classes it stacks with")),
        ), when=("stack_policy", ("only_with",))),
        Section(_("Passing on and giving back"), (
            switch("transferable", _("Passing on"), _("May be passed on to another customer")),
            number_field("transfer_limit", _("How often at most"), hint=_("1 to 31; empty: 31")),
            Field("refund", _("After a reversal"), "choice", options=[
                ("if_valid", _("It comes back if it is still good")),
                ("always", _("It always comes back")),
                ("never", _("It does not come back"))]),
        ), folded=True, usual={"refund": "if_valid"}),
        Section(_("Without a network"), (
            switch("offline_use", _("Signed code"),
                   _("A registered till may take it without a network")),
        ), folded=True),
    )  # fmt: skip
