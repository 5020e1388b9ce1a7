"""Terms and campaigns back as a draft's fields: for copies, and for offers that served before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from kaquan.campaigns.draft_fields import (
    CLAIM_LIMITS,
    NOT_COPIED,
    SHARES,
    USE_LIMITS,
    limited_channels_field,
    share_fields,
)
from kaquan.campaigns.models import Campaign, CampaignBatch
from kaquan.campaigns.queries import campaign_batches, campaign_by_id, supplies_of
from kaquan.engine.rules.terms import (
    AfterClaim,
    AmountOff,
    CashVoucher,
    CountCard,
    ExactRange,
    Exchange,
    FirstToCap,
    FixedPart,
    FixedRange,
    FreeUnit,
    Percent,
    PercentOff,
    PrepaidCard,
    Products,
    Scope,
    Terms,
    Validity,
)
from kaquan.engine.rules.wording import date_runs, decimal
from kaquan.foundation.actor import Actor
from kaquan.foundation.configuration import current_configuration
from kaquan.offers.faces import face_of
from kaquan.offers.queries import terms_of
from kaquan.organisations.queries import organisation_names, store_codes

Fields = Iterator[tuple[str, str]]


class Copied(NamedTuple):
    """A draft's fields, and what of the terms no field can hold."""

    content: dict[str, str]
    left_out: Sequence[str]


def content_of_campaign(actor: Actor, campaign_id: int) -> Copied:
    """A campaign with its newest batch as a draft; raises `campaign_unknown`.

    Its code is not copied, for each campaign has its own.
    """
    campaign = campaign_by_id(actor, campaign_id)
    found = campaign_batches(actor, campaign.id, limit=1)
    content = dict(_basics(campaign))
    left_out: list[str] = []
    if found:
        batch = found[0]
        terms = terms_of(batch.offer_version)
        content |= dict(_supply(batch))
        content |= content_of_terms(actor, terms)
        left_out = list(unheld(terms))
        face = face_of(batch.offer_version.offer.face)
        title = face.title_zh if face else batch.offer_version.offer.name
        content |= {"title_zh": title[:40]}
        if face is not None:
            for name in ("title_en", "brand", "note_zh", "note_en", "colour"):
                content[name] = getattr(face, name)
    return Copied(copied(content), left_out)


def copied(content: dict[str, str]) -> dict[str, str]:
    """Another draft's fields without what each has of its own."""
    return {name: text for name, text in content.items() if name not in NOT_COPIED}


def content_of_terms(actor: Actor, terms: Terms) -> dict[str, str]:
    """Every rule of the terms as it would be typed; what is as usual stays empty."""
    content = {
        **dict(_benefit(terms)),
        **dict(_validity(terms.validity)),
        **dict(_scope(actor, terms.scope)),
        **dict(_limits(terms)),
        **dict(_funding(terms)),
        **dict(_rest(terms)),
    }
    return {name: text for name, text in content.items() if text}


def yuan(amount_fen: int | None) -> str:
    """Fen as they are typed."""
    return "" if amount_fen is None else decimal(amount_fen, 2)


def _basics(campaign: Campaign) -> Fields:
    yield "name", campaign.name
    yield "kind", campaign.kind
    yield "goal", campaign.goal
    yield "starts_at", _moment(campaign.starts_at)
    yield "ends_at", _moment(campaign.ends_at)
    yield "organisation_id", str(campaign.organisation_id or "")
    yield "jurisdiction", campaign.jurisdiction


def _supply(batch: CampaignBatch) -> Fields:
    supply = supplies_of([batch.id]).get(batch.id)
    yield "batch_name", batch.name
    yield "quantity", str(supply.minted) if supply and supply.minted else ""
    yield "way", "code" if batch.by_code else "stock"
    yield "budget_id", str(batch.budget_id or "")


def _benefit(terms: Terms) -> Fields:
    match terms.benefit:
        case AmountOff(amount_fen=amount):
            yield from (("benefit", "amount_off"), ("amount", yuan(amount)))
        case PercentOff() as percent:
            yield from (
                ("benefit", "percent_off"),
                ("tenths", decimal(10_000 - percent.basis_points_off, 3)),
                ("percent_cap", yuan(percent.cap_fen)),
                ("rounding", percent.rounding.value),
            )
        case CashVoucher(face_fen=face, allow_partial=partial):
            yield from (
                ("benefit", "cash_voucher"),
                ("cash_face", yuan(face)),
                ("in_parts", _on(partial)),
            )
        case Exchange() as exchange:
            yield from _products(exchange.goods, "goods_skus", "goods_categories")
            yield from (
                ("benefit", "exchange"),
                ("goods_quantity", str(exchange.quantity)),
                ("goods_pay", yuan(exchange.pay_fen)),
                ("goods_cap", yuan(exchange.value_cap_fen)),
            )
        case CountCard() as card:
            yield from (
                ("benefit", "count_card"),
                ("uses", str(card.uses)),
                ("use_value", yuan(card.value_per_use_fen)),
                ("use_covers", yuan(card.covers_up_to_fen)),
            )
        case PrepaidCard() as prepaid:
            yield from (
                ("benefit", "prepaid_card"),
                ("card_face", yuan(prepaid.face_fen)),
                ("card_max", yuan(prepaid.max_balance_fen)),
                ("reloadable", _on(prepaid.reloadable)),
                ("least_top_up", yuan(prepaid.minimum_top_up_fen or None)),
            )
        case FreeUnit() as free:
            yield from (
                ("benefit", "free_unit"),
                ("buy", str(free.quantity_buy)),
                ("free", str(free.quantity_free)),
                ("free_cap", yuan(free.value_cap_fen)),
            )


def _validity(validity: Validity) -> Fields:
    match validity.range:
        case FixedRange(first_day=first, last_day=last):
            yield from (("validity", "fixed_range"), ("first_day", first.isoformat()))
            yield "last_day", last.isoformat()
        case AfterClaim(days=days, start_after_days=wait):
            yield from (("validity", "after_claim"), ("days", str(days)))
            yield "start_after_days", str(wait)
        case ExactRange(starts_at=start, ends_at=end):
            yield from (("validity", "exact_range"), ("exact_from", _moment(start)))
            yield "exact_until", _moment(end)
    yield "weekdays", _lines(validity.weekdays)
    for number, window in enumerate(validity.daily_windows, 1):
        yield f"window_{number}_from", window.start
        yield f"window_{number}_until", window.end
    yield "excluded_days", _lines(_run(*run) for run in date_runs(validity.excluded_dates))


def _run(first: date, last: date) -> str:
    return first.isoformat() if first == last else f"{first.isoformat()}~{last.isoformat()}"


def _scope(actor: Actor, scope: Scope) -> Fields:
    stores, products, tags = scope.stores, scope.products, scope.customer_tags
    yield from _places(actor, stores.include, "nodes", "store_codes")
    yield from _places(actor, stores.exclude, "not_nodes", "not_store_codes")
    yield "channels", _lines(scope.channels)
    yield "terminal_kinds", _lines(scope.terminal_kinds)
    yield from _products(products.include, "skus", "categories")
    yield from _products(products.exclude, "not_skus", "not_categories")
    yield from _products(products.none, "none_skus", "none_categories")
    yield "goods_mode", products.mode
    yield "minimum", yuan(scope.order_minimum_fen or None)
    yield "minimum_basis", scope.minimum_basis
    yield "minimum_over", scope.minimum_over
    yield "first_order_only", _on(scope.first_order_only)
    yield "customer_required", _on(scope.customer_required)
    yield "tags_any", _lines(tags.any)
    yield "tags_every", _lines(tags.every)
    yield "tags_none", _lines(tags.none)


def _places(actor: Actor, ids: Sequence[int], nodes: str, codes: str) -> Fields:
    """Stores by their codes, other nodes by their ids; those of other parts are left out."""
    by_store = store_codes(actor, ids) if ids else {}
    others = organisation_names(actor, [one for one in ids if one not in by_store]) if ids else {}
    yield codes, _lines(sorted(by_store.values()))
    yield nodes, _lines(sorted(others))


def _products(products: Products, skus: str, categories: str) -> Fields:
    yield skus, _lines(products.skus)
    yield categories, _lines(products.categories)


def _limits(terms: Terms) -> Fields:
    wanted = {key: name for name, key in {**CLAIM_LIMITS, **USE_LIMITS}.items()}
    channels = _limited_channels(terms)
    for at, names in channels.items():
        yield limited_channels_field(at), _lines(names)
    for limit in terms.limits:
        if limit.dimension == "channel" and limit.channels != channels[limit.at]:
            continue
        name = wanted.get((limit.dimension, limit.at, limit.period, limit.unit))
        if name is not None:
            yield name, yuan(limit.cap) if limit.unit == "fen" else str(limit.cap)


def _limited_channels(terms: Terms) -> dict[str, Sequence[str]]:
    """The channels that limits at each moment name: those of the first, where they differ."""
    found: dict[str, Sequence[str]] = {}
    for limit in terms.limits:
        if limit.dimension == "channel":
            found.setdefault(limit.at, limit.channels)
    return found


def _funding(terms: Terms) -> Fields:
    for number, share in enumerate(terms.funding[:SHARES], 1):
        funder, kind, value = share_fields(number)
        yield funder, str(share.funder_id)
        match share:
            case FixedPart(amount_fen=amount):
                yield from ((kind, "fixed"), (value, yuan(amount)))
            case FirstToCap(cap_fen=cap):
                yield from ((kind, "first_to_cap"), (value, yuan(cap)))
            case Percent(basis_points=points):
                yield from ((kind, "percent"), (value, decimal(points, 2)))
            case _:
                yield kind, "remainder"


def _rest(terms: Terms) -> Fields:
    stack = terms.stack
    yield "stack_policy", stack.policy
    yield "stack_classes", _lines(stack.classes)
    yield "stack_class", stack.stack_class
    yield "priority", str(stack.priority) if stack.priority else ""
    yield "transferable", _on(terms.transferable)
    yield "transfer_limit", str(terms.transfer_limit or "")
    yield "commit", terms.commit
    yield "refund", terms.refund_on_reverse
    yield "offline_use", _on(terms.offline_use)
    yield "price", yuan(terms.price_fen)


def unheld(terms: Terms) -> Iterator[str]:
    """The parts of terms that no field holds, by their paths."""
    if terms.validity.time_zone != current_configuration().time_zone.key:
        yield "validity.time_zone"
    if len(terms.funding) > SHARES:
        yield "funding"
    channels = _limited_channels(terms)
    limits = [one for one in terms.limits if one.dimension == "channel"]
    if any(one.channels != channels[one.at] for one in limits):
        yield "limits"


def _on(value: bool) -> str:
    return "on" if value else ""


def _lines(values: Iterable[object]) -> str:
    return "\n".join(map(str, values))


def _moment(at: datetime) -> str:
    local = at.astimezone(current_configuration().time_zone).replace(tzinfo=None, microsecond=0)
    return local.isoformat(timespec="seconds" if local.second else "minutes")


def days_from(at: datetime, days: int) -> str:
    """Midnight so many days after a moment's own day, as it would be typed."""
    local = at.astimezone(current_configuration().time_zone).date() + timedelta(days=days)
    return f"{local.isoformat()}T00:00"
