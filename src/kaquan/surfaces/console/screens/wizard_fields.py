"""The wizard's other forms: 基本信息, 券面, 发放, 预算 and the cart of 预览."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from kaquan.budgets.listings import budget_page
from kaquan.budgets.queries import funders
from kaquan.campaigns.draft_fields import PERIODS, SHARES, TRIAL_LINES, share_fields, trial_fields
from kaquan.campaigns.draft_laws import ELSEWHERE, MAINLAND
from kaquan.campaigns.draft_plans import ISSUER
from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Paging
from kaquan.organisations.listings import upper_nodes
from kaquan.surfaces.console.kit.cells import Text
from kaquan.surfaces.console.kit.fields import Field
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.wizard import Draft, Row, Section
from kaquan.surfaces.console.screens.wizard_rules import (
    TERMINALS,
    limited_channels,
    limits_table,
    money_field,
    names_field,
    number_field,
    rules_sections,
)
from kaquan.surfaces.console.words import CHANNELS

CHOICES_MAX = 200

FACE_COLOURS = [
    ("red", _("Red")),
    ("orange", _("Orange")),
    ("gold", _("Gold")),
    ("green", _("Green")),
    ("teal", _("Teal")),
    ("blue", _("Blue")),
    ("purple", _("Purple")),
    ("black", _("Black")),
]
PLACES: dict[str, Text] = {
    MAINLAND: _("Mainland China"),
    ELSEWHERE: _("Elsewhere (not checked)"),
}
LAW_HINT = _(
    "What is sold is checked against its law: how much a card may hold, how long it must be good."
)
WAYS = [("stock", _("From stock")), ("code", _("By code"))]
_SHARES = [
    ("remainder", _("Whatever is left")),
    ("percent", _("A share (%)")),
    ("fixed", _("A fixed amount (yuan)")),
    ("first_to_cap", _("All, up to a total (yuan)")),
]


def sections_of(actor: Actor, draft: Draft, step: str) -> Sequence[Section]:
    """The form of a step."""
    match step:
        case "basics":
            return _basics(actor)
        case "face":
            return _face()
        case "rules":
            return rules_sections(actor, draft)
        case "issue":
            return _issue(draft)
        case "budget":
            return _budget(actor)
        case "preview":
            return _trial()
        case _:
            return ()


def _basics(actor: Actor) -> Sequence[Section]:
    nodes = upper_nodes(actor) if holds(actor, "organisations.view") else []
    return (
        Section("", (
            Field("name", _("Name"), required=True),
            Field("code", _("Code"), required=True, characters_max=64,
                  hint=_("Each campaign has its own")),
            Field("kind", _("Kind"), required=True, characters_max=32,
                  hint=_("Your own word, such as 拉新 or 促活")),
            Field("organisation_id", _("Belongs to"), "choice",
                  options=[(str(one.id), one.name) for one in nodes],
                  hint=_("Empty: one's own part")),
            Field("starts_at", _("Starts"), "moment", required=True),
            Field("ends_at", _("Ends"), "moment", required=True),
            Field("goal", _("Goal"), "long_text", characters_max=2_000,
                  hint=_("What it is to reach, and how that is measured")),
            Field("jurisdiction", _("Jurisdiction"), "choice", options=list(PLACES.items()),
                  hint=LAW_HINT),
        )),
    )  # fmt: skip


def _face() -> Sequence[Section]:
    return (
        Section("", (
            Field("title_zh", _("Title in Chinese"), required=True, characters_max=40),
            Field("title_en", _("Title in English"), characters_max=40),
            Field("brand", _("Brand"), characters_max=40),
            Field("colour", _("Colour"), "choice", options=FACE_COLOURS),
            Field("note_zh", _("Note in Chinese"), characters_max=80,
                  hint=_("One line below the title, such as 周末也可用")),
            Field("note_en", _("Note in English"), characters_max=80),
        ), usual={"colour": "red"}),
    )  # fmt: skip


def _issue(draft: Draft) -> Sequence[Section]:
    words = {"ever": _("Vouchers in all"), "day": _("Vouchers a day")}
    columns = [(period, "uses", words[period]) for period in PERIODS]
    return (
        Section(_("Batch"), (
            Field("batch_name", _("Name of the batch"), hint=_("Empty: that of the campaign")),
            number_field("quantity", _("How many vouchers"), required=True),
            Field("way", _("How it is issued"), "choice", options=WAYS,
                  hint=_("From stock: claimed, assigned or sold to customers. By code: printed or"
                         " sent as codes, whoever holds one may use it.")),
            money_field("price", _("Sold for"), hint=_("Empty: not for sale")),
        ), usual={"way": "stock"}),
        limits_table(
            "claim", _("Limits of claiming"),
            _("Empty: no limit. A natural person is counted over all of their accounts."), columns),
        limited_channels("claim", draft),
    )  # fmt: skip


def _budget(actor: Actor) -> Sequence[Section]:
    paging = Paging(limit=CHOICES_MAX, counts=False)
    budgets = (
        budget_page(actor, None, None, paging, is_open=True).rows
        if holds(actor, "budgets.view")
        else []
    )
    others = [(str(one.id), one.name) for one in funders()]
    payers: list[tuple[str, Text]] = [(str(ISSUER), _("Issuer")), *others]
    rows = []
    for number in range(1, SHARES + 1):
        funder, kind, value = share_fields(number)
        rows.append(
            Row(str(number), (
                Field(funder, _("Funder"), "choice", options=payers),
                Field(kind, _("Bears"), "choice", options=_SHARES),
                Field(value, _("How much"), characters_max=20),
            ))
        )  # fmt: skip
    return (
        Section(_("Budget"), (
            Field("budget_id", _("Budget"), "choice").with_options(
                [(str(one.id), f"{one.name} ({one.code})") for one in budgets], most=CHOICES_MAX),
            Field("commit", _("Money is set aside"), "choice", options=[
                ("issue", _("When a voucher is issued")), ("redeem", _("When it is used"))]),
        ), usual={"commit": "issue"}),
        Section(
            _("Who pays"), heads=[_("Funder"), _("Bears"), _("How much")], rows=rows,
            hint=_("Nothing said: the issuer bears all. Fixed amounts come first, then totals, then"
                   " shares of what is left."),
        ),
    )  # fmt: skip


def _trial() -> Sequence[Section]:
    rows = []
    for number in range(1, TRIAL_LINES + 1):
        sku, categories, quantity, price = trial_fields(number)
        rows.append(
            Row(str(number), (
                Field(sku, _("SKU"), characters_max=64),
                Field(categories, _("Categories"), characters_max=200),
                Field(quantity, _("Quantity"), characters_max=6),
                Field(price, _("Unit price"), characters_max=20),
            ))
        )  # fmt: skip
    return (
        Section(
            _("A made-up cart"), rows=rows,
            heads=[_("SKU"), _("Categories"), _("Quantity"), _("Unit price")],
            hint=_("Categories of known goods are found by themselves."),
        ),
        Section(_("Where, when and who"), (
            Field("try_at", _("When"), "moment", hint=_("Empty: now")),
            Field("try_claimed", _("Claimed at"), "moment", hint=_("Empty: just before")),
            Field("try_store", _("Store's code"), characters_max=64,
                  hint=_("Empty: one that it is good in")),
            Field("try_channel", _("Channel"), "choice", options=list(CHANNELS.items())),
            Field("try_terminal", _("Terminal"), "choice", options=TERMINALS),
            Field("try_customer", _("Customer"), "choice", options=[
                ("known", _("Known customer")), ("new", _("Known, first order")),
                ("none", _("Unknown"))]),
            names_field("try_tags", _("Tags")),
        ), usual={"try_customer": "known", "try_terminal": "till"}),
    )  # fmt: skip
