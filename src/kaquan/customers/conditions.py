"""The conditions of a segment as data, in the style of an offer's terms.

``read_conditions`` makes a ``Group`` from JSON. ``conditions_facts`` judges one customer by it,
``conditions_sql`` finds all that fit; a property test holds the two together. Groups stand within
groups; a group without conditions restricts nothing. Amounts are integer fen, and days are counted
on the issuer's calendar.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from kaquan.engine.money import MAX_FEN
from kaquan.engine.rules.terms import Choice, FewNames, OrganisationId

DEPTH_MAX = 4
CONDITIONS_MAX = 50
DAYS_MAX = 36_500
USES_MAX = 2**31 - 1

Days = Annotated[int, Meta(ge=0, le=DAYS_MAX)]
Count = Annotated[int, Meta(ge=0, le=USES_MAX)]
Amount = Annotated[int, Meta(ge=0, le=MAX_FEN)]
Month = Annotated[int, Meta(ge=1, le=12)]
Nodes = Annotated[tuple[OrganisationId, ...], Meta(min_length=1, max_length=200)]


class Tags(Choice, frozen=True, tag="tags"):
    """At least one of ``any``, all of ``every``, none of ``none``."""

    any: FewNames = ()
    every: FewNames = ()
    none: FewNames = ()


class Belongs(Choice, frozen=True, tag="belongs"):
    """The customer is one of these stores or cities, or of what lies below them."""

    under: Nodes


class Joined(Choice, frozen=True, tag="joined"):
    """A member since ``since`` or later, until ``until`` (that day too), for at least or at most so
    many days."""

    since: date | None = None
    until: date | None = None
    days_min: Days | None = None
    days_max: Days | None = None


class BirthMonth(Choice, frozen=True, tag="birth_month"):
    """Born in one of these months, or in this or the next one as it is today."""

    months: Annotated[tuple[Month, ...], Meta(max_length=12)] = ()
    relative: Literal["", "this", "next"] = ""


class Used(Choice, frozen=True, tag="used"):
    """Has used so many vouchers, all told."""

    least: Count | None = None
    most: Count | None = None


class Spent(Choice, frozen=True, tag="spent"):
    """Has orders of so much, all told."""

    least_fen: Amount | None = None
    most_fen: Amount | None = None


class LastVisit(Choice, frozen=True, tag="last_visit"):
    """Was last there, with an order or a voucher, within so many days, or not since so many; who
    never was is among the latter."""

    within_days: Days | None = None
    not_within_days: Days | None = None


class Consents(Choice, frozen=True, tag="consents"):
    """Agrees at present to all of ``given``, and to none of ``missing``."""

    given: FewNames = ()
    missing: FewNames = ()


class Group(Choice, frozen=True, tag="group"):
    """All, any or none of what is within; an empty one restricts nothing."""

    mode: Literal["all", "any", "none"] = "all"
    of: Annotated[tuple[Condition, ...], Meta(max_length=CONDITIONS_MAX)] = ()


Leaf = Tags | Belongs | Joined | BirthMonth | Used | Spent | LastVisit | Consents
Condition = Leaf | Group
LEAVES: dict[str, type[Leaf]] = {
    "tags": Tags,
    "belongs": Belongs,
    "joined": Joined,
    "birth_month": BirthMonth,
    "used": Used,
    "spent": Spent,
    "last_visit": LastVisit,
    "consents": Consents,
}

#: Worked out at import: two threads that are first at once would end the process (msgspec 0.22).
_PREPARED = msgspec.json.Decoder(Group)


class BadConditionsError(ValueError):
    """The conditions cannot mean anything; ``zh`` and ``en`` say why."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


def read_conditions(raw: Any) -> Group:
    """The conditions in JSON's types; raises `BadConditionsError`."""
    try:
        group = msgspec.convert(raw, Group)
    except (ValueError, RecursionError) as error:
        raise BadConditionsError(
            f"条件格式不对（{error}）", f"not of the schema: {error}"
        ) from None
    for fault in _faults(group):
        raise fault
    return group


def conditions_json(group: Group) -> dict[str, Any]:
    """The same in JSON's types, defaults left out."""
    found: dict[str, Any] = msgspec.to_builtins(group)
    return found


def leaves(group: Group) -> Iterator[Leaf]:
    """Every condition, however deep."""
    for one in group.of:
        if isinstance(one, Group):
            yield from leaves(one)
        else:
            yield one


def depth_of(group: Group) -> int:
    """How many groups stand within each other at most; 1 for a group without groups."""
    return 1 + max((depth_of(one) for one in group.of if isinstance(one, Group)), default=0)


def _faults(group: Group) -> Iterator[BadConditionsError]:
    if depth_of(group) > DEPTH_MAX:
        yield BadConditionsError(
            f"条件组最多嵌套 {DEPTH_MAX} 层", f"groups stand at most {DEPTH_MAX} deep"
        )
    found = list(leaves(group))
    if len(found) > CONDITIONS_MAX:
        yield BadConditionsError(
            f"最多 {CONDITIONS_MAX} 个条件", f"at most {CONDITIONS_MAX} conditions"
        )
    if _has_empty_group(group):
        yield BadConditionsError("有条件组是空的", "a group is empty")
    for leaf in found:
        if not says_something(leaf):
            yield BadConditionsError("有条件还没有填写", "a condition is not filled in")
        if isinstance(leaf, Joined) and not all(map(_is_near, (leaf.since, leaf.until))):
            yield BadConditionsError("日期太远", "a day is too far away")
        if _is_contradiction(leaf):
            yield BadConditionsError(
                "有条件的下限大于上限", "a condition's least is above its most"
            )


def says_something(leaf: Leaf) -> bool:
    """Whether a condition restricts at all."""
    return any(getattr(leaf, name) not in (None, (), "") for name in leaf.__struct_fields__)


def _has_empty_group(group: Group) -> bool:
    within = [one for one in group.of if isinstance(one, Group)]
    return any(not one.of or _has_empty_group(one) for one in within)


def _is_near(day: date | None) -> bool:
    return day is None or 1900 <= day.year < 2200


def _is_contradiction(leaf: Leaf) -> bool:
    match leaf:
        case Used(least=least, most=most) | Spent(least_fen=least, most_fen=most):
            return least is not None and most is not None and least > most
        case Joined(since=since, until=until, days_min=days_min, days_max=days_max):
            return (since is not None and until is not None and since > until) or (
                days_min is not None and days_max is not None and days_min > days_max
            )
        case _:
            return False
