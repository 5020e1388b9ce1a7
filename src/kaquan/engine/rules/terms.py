"""The offer as data: one schema for what a voucher gives, when, where, to whom and who pays for it.

``reading.read_terms`` makes ``Terms`` from JSON, ``check.compile_terms`` makes the check from them,
``explain`` the printed terms. Terms are frozen once vouchers exist under them, so fields are only
ever added, with a default. Amounts are integer fen; shares are basis points (1/10000).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from kaquan.engine.money import MAX_FEN, Rounding

AMOUNT_FEN_MAX = 10**10
CAP_MAX = MAX_FEN
ID_MAX = 2**53 - 1  # what a browser's number holds exactly

# No control characters, no half surrogates, no blanks at either end: such a name never equals
# anything that a till sends.
PLAIN_TEXT = r"^(?!\s)(?![\s\S]*[\x00-\x1f\x7f\ud800-\udfff])(?![\s\S]*\s$)"

Amount = Annotated[int, Meta(ge=0, le=AMOUNT_FEN_MAX)]
PositiveAmount = Annotated[int, Meta(ge=1, le=AMOUNT_FEN_MAX)]
Cap = Annotated[int, Meta(ge=1, le=CAP_MAX)]
BasisPoints = Annotated[int, Meta(ge=1, le=10_000)]
Units = Annotated[int, Meta(ge=1, le=1_000)]
Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=PLAIN_TEXT)]
FewNames = Annotated[tuple[Name, ...], Meta(max_length=100)]
ManyNames = Annotated[tuple[Name, ...], Meta(max_length=2_000)]
OrganisationId = Annotated[int, Meta(ge=1, le=ID_MAX)]
Organisations = Annotated[tuple[OrganisationId, ...], Meta(max_length=5_000)]
ClockTime = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9](?!\n)$")]
ClosingTime = Annotated[str, Meta(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)(?!\n)$")]
Weekday = Annotated[int, Meta(ge=1, le=7)]


class Part(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A piece of the terms; a field it does not know is a fault, never ignored."""


class Choice(Part, frozen=True, tag_field="kind"):
    """A piece of which there are several kinds."""


class Products(Part, frozen=True):
    """Goods by SKU or by category; a line belongs to its category and to all above it."""

    skus: ManyNames = ()
    categories: ManyNames = ()

    def __bool__(self) -> bool:
        """Whether any goods are named."""
        return bool(self.skus or self.categories)


# Benefit ------------------------------------------------------------------------------------------


class AmountOff(Choice, frozen=True, tag="amount_off"):
    """满减: a fixed amount off."""

    amount_fen: PositiveAmount


class PercentOff(Choice, frozen=True, tag="percent_off"):
    """折扣: a share off, 2000 basis points being 八折; ``cap_fen`` is the most it gives.

    ``rounding`` is that of the discount.
    """

    basis_points_off: BasisPoints
    cap_fen: PositiveAmount | None = None
    rounding: Rounding = Rounding.DOWN


class CashVoucher(Choice, frozen=True, tag="cash_voucher"):
    """代金券: pays like cash and gives no change; with ``allow_partial`` the rest stays on it."""

    face_fen: PositiveAmount
    allow_partial: bool = False


class Exchange(Choice, frozen=True, tag="exchange"):
    """兑换券: up to ``quantity`` units of ``goods``, the dearest first, for ``pay_fen`` each.

    ``value_cap_fen`` is the most that the voucher covers; without an order it settles at that.
    Free shipping is an exchange of the category of shipping lines.
    """

    goods: Products
    quantity: Units = 1
    pay_fen: Amount = 0
    value_cap_fen: PositiveAmount | None = None


class PrepaidCard(Choice, frozen=True, tag="prepaid_card"):
    """储值卡: a balance. ``face_fen`` 0 means that the load is chosen when the card is sold."""

    face_fen: Amount
    max_balance_fen: PositiveAmount
    reloadable: bool = False
    minimum_top_up_fen: Amount = 0


class CountCard(Choice, frozen=True, tag="count_card"):
    """次卡: each use covers one unit of the goods in scope and settles at ``value_per_use_fen``.

    On an order a use takes at most ``covers_up_to_fen`` off its unit; None: that same value.
    """

    uses: Annotated[int, Meta(ge=1, le=10_000)]
    value_per_use_fen: Annotated[int, Meta(ge=0, le=10**8)]
    covers_up_to_fen: PositiveAmount | None = None


class FreeUnit(Choice, frozen=True, tag="free_unit"):
    """买赠: of ``quantity_buy`` + ``quantity_free`` units in scope the cheapest are free, once."""

    quantity_buy: Units
    quantity_free: Units = 1
    value_cap_fen: PositiveAmount | None = None


AnyBenefit = AmountOff | PercentOff | CashVoucher | Exchange | PrepaidCard | CountCard | FreeUnit


# Validity -----------------------------------------------------------------------------------------


class FixedRange(Choice, frozen=True, tag="fixed_range"):
    """From the first moment of ``first_day`` through ``last_day``, in the issuer's zone."""

    first_day: date
    last_day: date


class ExactRange(Choice, frozen=True, tag="exact_range"):
    """From ``starts_at`` until just before ``ends_at``."""

    starts_at: Annotated[datetime, Meta(tz=True)]
    ends_at: Annotated[datetime, Meta(tz=True)]


class AfterClaim(Choice, frozen=True, tag="after_claim"):
    """``days`` calendar days, the first being ``start_after_days`` after the day of the claim.

    0: at once, the day of the claim counting as the first; 1: from the next day (次日起).
    """

    days: Annotated[int, Meta(ge=1, le=36_500)]
    start_after_days: Annotated[int, Meta(ge=0, le=3_650)] = 0


class DailyWindow(Part, frozen=True):
    """``start`` ≤ wall clock < ``end``; an end before the start is on the next day.

    A window that crosses midnight belongs to the day it starts on, weekday and exclusion included.
    """

    start: ClockTime
    end: ClosingTime


class Validity(Part, frozen=True):
    """When a voucher is good. ``weekdays``: 1 Monday … 7 Sunday; empty lists do not restrict."""

    range: FixedRange | ExactRange | AfterClaim
    weekdays: Annotated[tuple[Weekday, ...], Meta(max_length=7)] = ()
    daily_windows: Annotated[tuple[DailyWindow, ...], Meta(max_length=2)] = ()
    excluded_dates: Annotated[tuple[date, ...], Meta(max_length=400)] = ()
    time_zone: Name = "Asia/Shanghai"


# Scope --------------------------------------------------------------------------------------------


class StoreRule(Part, frozen=True):
    """Organisation ids, each with all below it; nothing included means all; exclusion wins."""

    include: Organisations = ()
    exclude: Organisations = ()


class ProductRule(Part, frozen=True):
    """Which lines of an order count, and what the order must or must not hold.

    A line counts if ``include`` names it (or names nothing) and ``exclude`` does not.
    ``mode`` any: at least one line must count; every: each SKU and category in ``include`` must
    occur. ``none``: an order that holds any of these is refused.
    """

    include: Products = Products()
    mode: Literal["any", "every"] = "any"
    exclude: Products = Products()
    none: Products = Products()


class TagRule(Part, frozen=True):
    """Customer tags and segments: at least one of ``any``, all of ``every``, none of ``none``."""

    any: FewNames = ()
    every: FewNames = ()
    none: FewNames = ()


class Scope(Part, frozen=True):
    """Where, through what, for what and for whom; an empty list of channels or kinds means all.

    ``minimum_basis``: before or after other discounts; ``minimum_over``: the lines that count for
    the voucher, or the whole order.
    """

    stores: StoreRule = StoreRule()
    channels: FewNames = ()
    terminal_kinds: FewNames = ()
    products: ProductRule = ProductRule()
    order_minimum_fen: Amount = 0
    minimum_basis: Literal["before", "after"] = "before"
    minimum_over: Literal["eligible", "order"] = "eligible"
    first_order_only: bool = False
    customer_tags: TagRule = TagRule()
    customer_required: bool = False


# Limits, funding, stacking ------------------------------------------------------------------------


class Limit(Part, frozen=True):
    """At most ``cap`` uses or fen per customer, natural person, store, channel or whole batch.

    ``period`` day counts each day of the issuer's zone anew. ``at``: counted at claim or at redeem.
    ``channels``, per channel only: which ones are limited, each by itself; empty: every one.
    """

    dimension: Literal["customer", "person", "store", "channel", "batch"]
    at: Literal["claim", "redeem"]
    cap: Cap
    period: Literal["ever", "day"] = "ever"
    unit: Literal["uses", "fen"] = "uses"
    channels: FewNames = ()


class FixedPart(Choice, frozen=True, tag="fixed"):
    """Up to ``amount_fen`` of each cost; of a cost below all fixed parts, in proportion to them."""

    funder_id: Annotated[int, Meta(ge=0, le=ID_MAX)]
    amount_fen: PositiveAmount


class FirstToCap(Choice, frozen=True, tag="first_to_cap"):
    """All that fixed parts leave, until ``cap_fen`` in total is reached; several in their order."""

    funder_id: Annotated[int, Meta(ge=0, le=ID_MAX)]
    cap_fen: Cap


class Percent(Choice, frozen=True, tag="percent"):
    """A share of what fixed parts and caps leave."""

    funder_id: Annotated[int, Meta(ge=0, le=ID_MAX)]
    basis_points: BasisPoints


class Remainder(Choice, frozen=True, tag="remainder"):
    """Whatever nobody else pays."""

    funder_id: Annotated[int, Meta(ge=0, le=ID_MAX)]


Share = FixedPart | FirstToCap | Percent | Remainder


class Stack(Part, frozen=True):
    """Whether other vouchers may be used on the same order; both sides must allow it.

    ``classes``: with ``only_with``, the classes of the others. Higher ``priority`` applies first.
    """

    policy: Literal["never", "only_with", "always"] = "never"
    classes: FewNames = ()
    stack_class: Annotated[str, Meta(max_length=64, pattern=rf"^$|{PLAIN_TEXT}")] = ""
    priority: Annotated[int, Meta(ge=-1_000, le=1_000)] = 0


class Terms(Part, frozen=True):
    """All that an offer promises, and who pays for it.

    ``funding`` empty: the issuer (funder 0) pays all. ``transfer_limit``: how often one voucher may
    be passed on, None for any number. ``commit``: whether budget is set aside when a voucher is
    issued or taken when it is used. ``price_fen``: what it is sold for; None: not for sale.
    ``refund_on_reverse``: whether a reversed use goes back onto the voucher. ``offline_use``:
    whether a till without a network may take its signed code.
    """

    benefit: AnyBenefit
    validity: Validity
    scope: Scope = Scope()
    limits: Annotated[tuple[Limit, ...], Meta(max_length=16)] = ()
    funding: Annotated[tuple[Share, ...], Meta(max_length=16)] = ()
    stack: Stack = Stack()
    transferable: bool = False
    transfer_limit: Annotated[int, Meta(ge=1, le=1_000)] | None = None
    commit: Literal["issue", "redeem"] = "issue"
    price_fen: Amount | None = None
    refund_on_reverse: Literal["if_valid", "always", "never"] = "if_valid"
    offline_use: bool = False

    @property
    def has_balance(self) -> bool:
        """Whether the voucher carries money that is used up bit by bit."""
        benefit = self.benefit
        return isinstance(benefit, PrepaidCard) or (
            isinstance(benefit, CashVoucher) and benefit.allow_partial
        )

    @property
    def opening_balance_fen(self) -> int:
        """The balance of a fresh voucher, in fen; 0 for kinds without a balance."""
        benefit = self.benefit
        if isinstance(benefit, PrepaidCard | CashVoucher) and self.has_balance:
            return benefit.face_fen
        return 0

    @property
    def opening_uses(self) -> int:
        """The uses of a fresh voucher: a count card's number, 0 where a balance counts, else 1."""
        if isinstance(self.benefit, CountCard):
            return self.benefit.uses
        return 0 if self.has_balance else 1

    @property
    def fixed_value_fen(self) -> int | None:
        """What a use takes off whatever is bought, as a till alone can tell; None: it depends."""
        match self.benefit:
            case AmountOff(amount_fen=value) | CashVoucher(face_fen=value, allow_partial=False):
                return value
            case Exchange(value_cap_fen=value):
                return value
        return None

    def maximum_cost_fen(self) -> int | None:
        """The most that one voucher can cost the budget, in fen; None where nothing bounds it.

        Top-ups of a prepaid card are paid for by the customer and are not counted.
        """
        match self.benefit:
            case AmountOff(amount_fen=most) | CashVoucher(face_fen=most):
                return most
            case PercentOff(cap_fen=cap):
                return cap
            case Exchange(value_cap_fen=cap) | FreeUnit(value_cap_fen=cap):
                return cap
            case PrepaidCard() as card:
                return card.face_fen or card.max_balance_fen
            case CountCard() as card:
                return card.uses * card.value_per_use_fen
