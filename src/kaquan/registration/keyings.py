"""What was keyed twice: what waits, in what two keyings differ, and how accurate each clerk is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from django.db.models import Count, F, Func, IntegerField, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncDate

from kaquan.foundation.actor import Actor, require
from kaquan.foundation.configuration import current_configuration
from kaquan.organisations.queries import within
from kaquan.registration.acting import REGISTER
from kaquan.registration.errors import keyed_once_only, keying_unknown
from kaquan.registration.models import Bundle, Keying, Slip
from kaquan.registration.queries import bundle_by_id
from kaquan.staff.naming import names_of

WAITING_MAX = 1_000
CLERKS_MAX = 500
DAYS_MAX = 366


class KeyedField(StrEnum):
    """What is compared; `number` is wrong where a slip was keyed that is not there."""

    NUMBER = "number"
    HOLDER = "holder"
    PHONE = "phone"
    AT = "at"
    AMOUNT = "amount"
    STORE = "store"
    CLERK = "clerk"


FIELDS = len(KeyedField)


class Waiting(NamedTuple):
    """A slip of a bundle that was keyed and is not registered: by whom, and in what both differ.
    Nothing of what was keyed is told, for the second keying is blind."""

    serial: int
    keying_ids: Sequence[int]
    keyed_by: Sequence[str]
    differing: Sequence[KeyedField]

    @property
    def id(self) -> int:
        """Of the first of its keyings."""
        return self.keying_ids[0]

    @property
    def is_twice(self) -> bool:
        """Whether both turns are there."""
        return len(self.keying_ids) > 1


class Pair(NamedTuple):
    """Both keyings of a slip that is to be settled."""

    bundle: Bundle
    first: Keying
    second: Keying
    differing: Sequence[KeyedField]


class ClerkAccuracy(NamedTuple):
    """What somebody keyed in bundles that are keyed twice, and how many fields of it were wrong."""

    actor: str
    name: str
    slips: int
    fields: int
    wrong: int

    @property
    def right_basis_points(self) -> int:
        """How many of ten thousand fields were right, rounded down."""
        return (self.fields - self.wrong) * 10_000 // self.fields if self.fields else 0


class DayAccuracy(NamedTuple):
    """The same of everybody on one day."""

    fields: int = 0
    wrong: int = 0


def differing_fields(one: Keying, other: Keying | Slip) -> tuple[KeyedField, ...]:
    """In what two readings of the same slip differ."""
    pairs = {
        KeyedField.HOLDER: (one.holder_name, other.holder_name),
        KeyedField.PHONE: (one.holder_phone, other.holder_phone),
        KeyedField.AT: (one.used_at, other.used_at),
        KeyedField.AMOUNT: (one.amount_fen, other.amount_fen),
        KeyedField.STORE: (one.store_id, other.store_id),
        KeyedField.CLERK: (one.clerk, other.clerk),
    }
    return tuple(field for field, (mine, theirs) in pairs.items() if mine != theirs)


def waiting_in(bundle: Bundle) -> QuerySet[Keying]:
    """The keyings of a bundle of the actor's that are neither settled nor withdrawn."""
    rows = Keying.objects.select_related("bundle", "store__organisation")
    return rows.filter(bundle=bundle, slip=None, withdrawn=False).order_by("id")


def pair_waiting(bundle: Bundle, serial: int) -> tuple[Keying, Keying]:
    """Both keyings of a slip that is to be settled; raises `keying_unknown`, `slip_keyed_once`."""
    found = list(waiting_in(bundle).filter(serial=serial).order_by("turn"))
    if not found:
        raise keying_unknown()
    if len(found) == 1:
        raise keyed_once_only()
    first, second = found
    return first, second


def keying_by_id(actor: Actor, keying_id: int) -> Keying:
    """One that waits; raises `keying_unknown`, `permission_denied`."""
    require(actor, REGISTER)
    rows = Keying.objects.select_related("bundle").filter(slip=None, withdrawn=False)
    keying = within(actor, rows.filter(id=keying_id), "bundle__organisation").first()
    if keying is None:
        raise keying_unknown()
    return keying


def other_of(actor: Actor, keying: Keying) -> Keying | None:
    """The keying of the same slip by somebody else, if it is there; raises `bundle_unknown`."""
    bundle = bundle_by_id(actor, keying.bundle_id)
    return waiting_in(bundle).filter(serial=keying.serial).exclude(id=keying.id).first()


def pair_of(actor: Actor, bundle_id: int, serial: int) -> Pair:
    """The same for who is to settle it; raises `bundle_unknown` too."""
    bundle = bundle_by_id(actor, bundle_id)
    first, second = pair_waiting(bundle, serial)
    return Pair(bundle, first, second, differing_fields(first, second))


def waiting_of(actor: Actor, bundle_id: int) -> Sequence[Waiting]:
    """What waits in a bundle, what is to be settled first; raises `bundle_unknown`."""
    bundle = bundle_by_id(actor, bundle_id)
    by_serial: dict[int, list[Keying]] = defaultdict(list)
    for one in waiting_in(bundle)[:WAITING_MAX]:
        by_serial[one.serial].append(one)
    people = names_of({one.keyed_by for found in by_serial.values() for one in found})
    lines = [
        Waiting(
            serial,
            [one.id for one in found],
            [people.get(one.keyed_by, one.keyed_by_name) for one in found],
            differing_fields(found[0], found[1]) if len(found) > 1 else (),
        )
        for serial, found in by_serial.items()
    ]
    return sorted(lines, key=lambda one: (not one.is_twice, one.id))


def waiting_numbers(bundle: Bundle) -> tuple[int, int]:
    """How many slips of a bundle of the actor's were keyed once, and how many wait twice keyed."""
    turns = Counter(waiting_in(bundle).values_list("serial", flat=True))
    return sum(one == 1 for one in turns.values()), sum(one > 1 for one in turns.values())


def accuracy_of_clerks(actor: Actor, first: date, last: date) -> Sequence[ClerkAccuracy]:
    """Who keyed how many fields in these days and how many of them wrong, most wrong first."""
    rows = (
        _settled(actor, first, last)
        .values("keyed_by", "keyed_by_name")
        .annotate(slips=Count("id"), wrong=Sum(_WRONG))
        .order_by("-wrong", "keyed_by")[:CLERKS_MAX]
    )
    people = names_of({row["keyed_by"] for row in rows})
    return [
        ClerkAccuracy(
            row["keyed_by"],
            people.get(row["keyed_by"], row["keyed_by_name"]),
            row["slips"],
            row["slips"] * FIELDS,
            row["wrong"],
        )
        for row in rows
    ]


def accuracy_by_day(actor: Actor, first: date, last: date) -> Mapping[date, DayAccuracy]:
    """The same of everybody for each of these days, quiet ones too."""
    zone = current_configuration().time_zone
    rows = (
        _settled(actor, first, last)
        .annotate(day=TruncDate("settled_at", tzinfo=zone))
        .values("day")
        .annotate(slips=Count("id"), wrong=Sum(_WRONG))
    )
    found = {row["day"]: DayAccuracy(row["slips"] * FIELDS, row["wrong"]) for row in rows}
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return {day: found.get(day, DayAccuracy()) for day in days}


_WRONG = Coalesce(
    Func(F("wrong_fields"), 1, function="array_length", output_field=IntegerField()), 0
)


def _settled(actor: Actor, first: date, last: date) -> QuerySet[Keying]:
    require(actor, REGISTER)
    assert (last - first).days < DAYS_MAX, (first, last)
    zone = current_configuration().time_zone
    since = datetime(first.year, first.month, first.day, tzinfo=zone)
    until = datetime(last.year, last.month, last.day, tzinfo=zone) + timedelta(days=1)
    rows = Keying.objects.filter(settled_at__gte=since, settled_at__lt=until)
    return within(actor, rows, "bundle__organisation")
