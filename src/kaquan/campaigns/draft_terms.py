"""A draft's fields as an offer's terms, before the engine judges them."""

from __future__ import annotations

from typing import Any

from kaquan.campaigns.draft_fields import (
    BENEFIT_KINDS,
    CLAIM_LIMITS,
    SHARES,
    USE_LIMITS,
    VALIDITY_FIELDS,
    WINDOWS,
    limited_channels_field,
    share_fields,
)
from kaquan.campaigns.draft_reading import Reader
from kaquan.engine.codes import HAND_MAX
from kaquan.engine.rules.terms import CAP_MAX
from kaquan.foundation.actor import Actor
from kaquan.foundation.configuration import current_configuration
from kaquan.organisations.holidays import days_off
from kaquan.organisations.models import TerminalKind
from kaquan.organisations.queries import organisation_names, own_organisation_id, store_ids

Raw = dict[str, Any]
USUAL_ZONE = "Asia/Shanghai"
"""What terms that name no zone are judged in."""

#: The field beside which a fault of the terms is told, by how its path begins; the first that fits.
_FIELD_OF_PATH = (
    ("benefit.amount_fen", "amount"),
    ("benefit.basis_points_off", "tenths"),
    ("benefit.goods", "goods_skus"),
    ("benefit.covers_up_to_fen", "use_covers"),
    ("benefit.face_fen", "card_face"),
    ("benefit.minimum_top_up_fen", "least_top_up"),
    ("benefit", "benefit"),
    ("validity.range.first_day", "first_day"),
    ("validity.range.last_day", "last_day"),
    ("validity.range.starts_at", "exact_from"),
    ("validity.range.ends_at", "exact_until"),
    ("validity.daily_windows", "window_1_from"),
    ("validity.excluded_dates", "excluded_days"),
    ("validity", "validity"),
    ("scope.stores", "store_codes"),
    ("scope.products.mode", "goods_mode"),
    ("scope.products", "skus"),
    ("scope.customer_tags", "tags_any"),
    ("scope.order_minimum_fen", "minimum"),
    ("scope.channels", "channels"),
    ("funding", "share_1_funder"),
    ("stack", "stack_classes"),
    ("transfer_limit", "transfer_limit"),
    ("refund_on_reverse", "refund"),
    ("offline_use", "offline_use"),
    ("price_fen", "price"),
    ("commit", "commit"),
    ("limits", "limit_customer_claim_ever_uses"),
)


def field_of_path(path: str) -> str:
    """The draft's field that a path into the terms is about."""
    return next((field for start, field in _FIELD_OF_PATH if path.startswith(start)), "benefit")


def raw_terms(actor: Actor, reader: Reader) -> Raw:
    """The terms as JSON; what could not be read is left out and stands in the reader's faults."""
    terms: Raw = {
        "benefit": _benefit(reader),
        "validity": _validity(reader),
        "scope": _scope(actor, reader),
        "limits": _limits(reader),
        "funding": _funding(reader),
        "stack": _stack(reader),
        "transferable": reader.flag("transferable"),
        "commit": reader.choice("commit", ("issue", "redeem"), "issue"),
        "refund_on_reverse": reader.choice("refund", ("if_valid", "always", "never"), "if_valid"),
        "offline_use": reader.flag("offline_use"),
    }
    if terms["transferable"]:
        terms["transfer_limit"] = reader.number("transfer_limit", 1, HAND_MAX)
    terms["price_fen"] = reader.amount("price")
    benefit = terms.pop("benefit")  # what it lacks is told as a fault
    return {"benefit": benefit, **_present(terms)}


def _present(piece: Raw) -> Raw:
    """Without what says nothing, so that equal terms are equal bytes."""
    tidy = {
        name: _present(value) if isinstance(value, dict) else value for name, value in piece.items()
    }
    return {name: value for name, value in tidy.items() if not _says_nothing(value)}


def _says_nothing(value: object) -> bool:
    return value is None or value is False or (isinstance(value, list | dict | str) and not value)


def _unless(value: str, usual: str) -> str | None:
    return None if value == usual else value


def _benefit(reader: Reader) -> Raw:
    kind = reader.choice("benefit", BENEFIT_KINDS)
    match kind:
        case "amount_off":
            piece: Raw = {"amount_fen": reader.amount("amount", least=1, required=True)}
        case "percent_off":
            piece = {
                "basis_points_off": reader.tenths_paid("tenths"),
                "cap_fen": reader.amount("percent_cap", least=1),
                "rounding": reader.choice("rounding", ("down", "half_up", "up"), "down"),
            }
        case "cash_voucher":
            piece = {
                "face_fen": reader.amount("cash_face", least=1, required=True),
                "allow_partial": reader.flag("in_parts"),
            }
        case "exchange":
            piece = {
                "goods": _products(reader, "goods_skus", "goods_categories"),
                "quantity": reader.number("goods_quantity", 1, 1_000),
                "pay_fen": reader.amount("goods_pay"),
                "value_cap_fen": reader.amount("goods_cap", least=1),
            }
        case "count_card":
            piece = {
                "uses": reader.number("uses", 1, 10_000, required=True),
                "value_per_use_fen": reader.amount("use_value", most=10**8, required=True),
                "covers_up_to_fen": reader.amount("use_covers", least=1),
            }
        case "prepaid_card":
            piece = _card(reader)
        case "free_unit":
            piece = {
                "quantity_buy": reader.number("buy", 1, 1_000, required=True),
                "quantity_free": reader.number("free", 1, 1_000),
                "value_cap_fen": reader.amount("free_cap", least=1),
            }
        case _:
            piece = {}
    goods = {"goods": piece["goods"]} if "goods" in piece else {}
    return {"kind": kind, **_present(piece), **goods}


def _card(reader: Reader) -> Raw:
    reloadable = reader.flag("reloadable")
    face_fen = reader.amount("card_face", required=True)
    highest_fen = reader.amount("card_max", least=1)
    if highest_fen is None and not reloadable:
        highest_fen = face_fen  # a card that is never topped up holds no more than its face
    if not highest_fen and reader.typed("card_face"):
        reader.fault("card_max", "请填写余额上限", "say how much the card may hold")
    return {
        "face_fen": face_fen,
        "max_balance_fen": highest_fen,
        "reloadable": reloadable,
        "minimum_top_up_fen": reader.amount("least_top_up") if reloadable else None,
    }


def _validity(reader: Reader) -> Raw:
    kind = reader.choice("validity", tuple(VALIDITY_FIELDS), "fixed_range")
    match kind:
        case "after_claim":
            span: Raw = {
                "days": reader.number("days", 1, 36_500, required=True),
                "start_after_days": reader.number("start_after_days", 0, 3_650),
            }
        case "exact_range":
            starts_at = reader.moment("exact_from", required=True)
            ends_at = reader.moment("exact_until", required=True)
            span = {
                "starts_at": starts_at and starts_at.isoformat(),
                "ends_at": ends_at and ends_at.isoformat(),
            }
        case _:
            span = {
                "first_day": reader.day("first_day", required=True),
                "last_day": reader.day("last_day", required=True),
            }
    return {
        "range": {"kind": kind, **_present(span)},
        "weekdays": [int(one) for one in reader.chosen("weekdays", tuple("1234567"))],
        "daily_windows": _windows(reader),
        "excluded_dates": reader.days("excluded_days", days_off),
        "time_zone": _unless(current_configuration().time_zone.key, USUAL_ZONE),
    }


def _windows(reader: Reader) -> list[Raw]:
    found = []
    for number in range(1, WINDOWS + 1):
        names = f"window_{number}_from", f"window_{number}_until"
        start, end = (reader.clock_time(name) for name in names)
        if start and end:
            found.append({"start": start, "end": end})
        elif start or end:
            missing = names[1] if start else names[0]
            reader.fault(missing, "请填写完整的时段", "say when it begins and when it ends")
    return found


def _products(reader: Reader, skus: str, categories: str) -> Raw:
    return _present({"skus": reader.names(skus), "categories": reader.names(categories)})


def _scope(actor: Actor, reader: Reader) -> Raw:
    return {
        "stores": _stores(actor, reader),
        "channels": reader.chosen("channels"),
        "terminal_kinds": reader.chosen("terminal_kinds", TerminalKind.values),
        "products": {
            "include": _products(reader, "skus", "categories"),
            "mode": _unless(reader.choice("goods_mode", ("any", "every"), "any"), "any"),
            "exclude": _products(reader, "not_skus", "not_categories"),
            "none": _products(reader, "none_skus", "none_categories"),
        },
        "order_minimum_fen": reader.amount("minimum") or None,
        "minimum_basis": _unless(
            reader.choice("minimum_basis", ("before", "after"), "before"), "before"
        ),
        "minimum_over": _unless(
            reader.choice("minimum_over", ("eligible", "order"), "eligible"), "eligible"
        ),
        "first_order_only": reader.flag("first_order_only"),
        "customer_required": reader.flag("customer_required"),
        "customer_tags": {
            "any": reader.names("tags_any"),
            "every": reader.names("tags_every"),
            "none": reader.names("tags_none"),
        },
    }


def _stores(actor: Actor, reader: Reader) -> Raw:
    """Whose rights end at a part of the tree makes nothing that is good beyond it."""
    include = _nodes(actor, reader, "nodes") + _store_ids(actor, reader, "store_codes")
    exclude = _nodes(actor, reader, "not_nodes") + _store_ids(actor, reader, "not_store_codes")
    own_id = own_organisation_id(actor)
    if not include and own_id is not None:
        include = [own_id]
    return {"include": sorted(set(include)), "exclude": sorted(set(exclude))}


def _nodes(actor: Actor, reader: Reader, name: str) -> list[int]:
    typed = reader.chosen(name)
    wanted = [int(one) for one in typed if one.isascii() and one.isdigit() and len(one) < 10]
    known = organisation_names(actor, wanted) if wanted else {}
    if len(known) < len(typed):
        reader.fault(name, "有不在您管辖范围内的组织", "some are not in your part of the tree")
    return list(known)


def _store_ids(actor: Actor, reader: Reader, name: str) -> list[int]:
    codes = reader.names(name)
    known = store_ids(actor, codes) if codes else {}
    missing = [code for code in codes if code not in known]
    if missing:
        shown = "、".join(missing[:5])
        reader.fault(
            name, f"没有这些门店：{shown}", f"there are no such stores: {', '.join(missing[:5])}"
        )
    return list(known.values())


def _limits(reader: Reader) -> list[Raw]:
    found: list[Raw] = []
    channels = {at: reader.names(limited_channels_field(at)) for at in ("claim", "redeem")}
    for name, (dimension, at, period, unit) in {**CLAIM_LIMITS, **USE_LIMITS}.items():
        cap = (
            reader.amount(name, least=1, most=CAP_MAX)
            if unit == "fen"
            else reader.number(name, 1, CAP_MAX)
        )
        if cap is None:
            continue
        limit: Raw = {"dimension": dimension, "at": at, "cap": cap, "period": period, "unit": unit}
        if dimension == "channel" and channels[at]:
            limit["channels"] = channels[at]
        found.append(limit)
    for at, names in channels.items():
        if names and not any(one["at"] == at and "channels" in one for one in found):
            field = limited_channels_field(at)
            reader.fault(field, "请填写每个渠道的限额", "say the limit of each channel")
    return found


def _funding(reader: Reader) -> list[Raw]:
    found = []
    for number in range(1, SHARES + 1):
        funder, kind, value = share_fields(number)
        if not reader.typed(funder) and not reader.typed(kind):
            continue
        funder_id = reader.number(funder, 0, 2**53 - 1, required=True)
        way = reader.choice(kind, ("fixed", "first_to_cap", "percent", "remainder"))
        piece: Raw = {"kind": way, "funder_id": funder_id}
        if way == "fixed":
            piece["amount_fen"] = reader.amount(value, least=1, required=True)
        elif way == "first_to_cap":
            piece["cap_fen"] = reader.amount(value, least=1, most=CAP_MAX, required=True)
        elif way == "percent":
            piece["basis_points"] = reader.percent(value)
        found.append({name: one for name, one in piece.items() if one is not None})
    return found


def _stack(reader: Reader) -> Raw:
    policy = reader.choice("stack_policy", ("never", "only_with", "always"), "never")
    piece: Raw = {
        "policy": _unless(policy, "never"),
        "classes": reader.names("stack_classes") if policy == "only_with" else [],
        "stack_class": reader.words("stack_class", 64),
        "priority": reader.number("priority", -1_000, 1_000) or None,
    }
    return piece
