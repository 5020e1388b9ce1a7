"""Slips that are keyed twice: what waits for its second keying, what differs, who keys how well."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from kaquan.engine.money import format_yuan
from kaquan.foundation import clock
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.errors import KaquanError
from kaquan.organisations.searching import node_named, written_node
from kaquan.registration import keying, keyings
from kaquan.registration.acting import REGISTER
from kaquan.registration.keyings import ClerkAccuracy, KeyedField, Pair, Waiting
from kaquan.registration.models import Bundle, Keying
from kaquan.registration.reading import read_time
from kaquan.registration.typed import SlipTyped
from kaquan.surfaces.console.kit.actions import Action, Doing
from kaquan.surfaces.console.kit.cells import (
    Cell,
    Fact,
    Text,
    badge,
    code,
    count,
    local_text,
    moment,
    text,
)
from kaquan.surfaces.console.kit.charts import Chart, Series
from kaquan.surfaces.console.kit.details import DetailScreen
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.lists import Column
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab, Table
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.figures import FiguresScreen
from kaquan.surfaces.console.screens.node_fields import typed_wrong
from kaquan.surfaces.console.screens.voucher_care import read_amount

DAYS = 30
FIRST, SECOND, OTHER = "first", "second", "other"
FIELDS: dict[KeyedField, Text] = {
    KeyedField.NUMBER: _("Number"),
    KeyedField.HOLDER: _("Holder's name"),
    KeyedField.PHONE: _("Phone"),
    KeyedField.AT: _("Time of use"),
    KeyedField.AMOUNT: _("Order amount"),
    KeyedField.STORE: _("Store"),
    KeyedField.CLERK: _("Clerk"),
}


def field_names(fields: Sequence[KeyedField]) -> str:
    """The names of fields, as a sentence lists them."""
    return "、".join(str(FIELDS[one]) for one in fields)


def _state(line: Waiting) -> Cell:
    if not line.is_twice:
        return badge(_("Waits for the second keying"), "info")
    if not line.differing:
        return badge(_("Keyed alike, not registered yet"), "warn")
    return badge(_("Differs"), "warn")


def _serial(line: Waiting) -> Cell:
    name = "keying-settle" if line.is_twice else "keying"
    return code(str(line.serial), href=reverse(f"console:{name}", kwargs={"key": line.id}))


WAITING_COLUMNS = (
    Column[Waiting]("serial", _("Serial"), _serial),
    Column[Waiting]("state", _("State"), _state),
    Column[Waiting]("differs", _("Differs in"), lambda one: text(field_names(one.differing))),
    Column[Waiting]("by", _("Keyed by"), lambda one: text("、".join(one.keyed_by)), wide=True),
)


def waiting_panels(actor: Actor, bundle: Bundle, *, limit: int) -> Sequence[Panel]:
    """What waits in a bundle that is keyed twice; nothing of another."""
    if not bundle.double_key:
        return ()
    found = keyings.waiting_of(actor, bundle.id)
    empty = _("Nothing waits for a second keying or for being settled.")
    note = _("The first %(number)s.") % {"number": limit} if len(found) > limit else ""
    return (Table(_("Keyed, not registered yet"), WAITING_COLUMNS, found[:limit], empty, note),)


def _withdraw(one: Keying, doing: Doing) -> Text:
    keying.withdraw_keying(actor=doing.actor, keying_id=one.id)
    return _("The keying of voucher %(serial)s was withdrawn.") % {"serial": one.serial}


WITHDRAW: Action[Keying] = Action(
    "withdraw",
    _("Withdraw"),
    REGISTER,
    lambda one: _("Withdraw the keying of voucher %(serial)s?") % {"serial": one.serial},
    _withdraw,
    danger=True,
    consequence=_("Where no such slip is there. It counts as a wrong number."),
    leads_to="bundles",
)


class KeyingDetail(DetailScreen[Keying]):
    """One keying that waits; what was keyed is not shown, for the second keying is blind."""

    name = "keying"
    path = "keyings/<int:key>"
    title = _("Keying")
    permission = REGISTER
    parent = "bundles"
    actions = (WITHDRAW,)

    def subject(self, actor: Actor, key: int) -> Keying:
        """The keying; raises `keying_unknown`."""
        return keyings.keying_by_id(actor, key)

    def heading(self, subject: Keying) -> str:
        """Its voucher's serial."""
        return str(subject.serial)

    @staticmethod
    def facts(call: Call, one: Keying) -> Sequence[Panel]:
        """Where it waits, and since when."""
        bundle = reverse("console:bundle", kwargs={"key": one.bundle_id})
        other = keyings.other_of(call.actor, one)
        there = reverse("console:keying", kwargs={"key": other.id}) if other else ""
        told = [
            Fact(_("Bundle"), text(one.bundle.name, href=bundle)),
            Fact(_("Keyed by"), text(one.keyed_by_name)),
            Fact(_("Keyed at"), moment(one.keyed_at)),
            Fact(_("The other keying"), text(other.keyed_by_name if other else "", href=there)),
        ]
        return [Facts("", told)]

    tabs = (Tab("facts", _("Keying"), facts),)


def _shown(field: KeyedField, one: Keying) -> str:
    """What a clerk keyed into a field, as whoever settles it compares it with the paper."""
    amount = one.amount_fen
    shown: dict[KeyedField, str | None] = {
        KeyedField.HOLDER: one.holder_name,
        KeyedField.PHONE: one.holder_phone,
        KeyedField.AT: local_text(one.used_at),
        KeyedField.AMOUNT: None if amount is None else format_yuan(amount),
        KeyedField.STORE: written_node(one.store.organisation),
        KeyedField.CLERK: one.clerk,
    }
    return shown[field] or str(_("(empty)"))


_READ: dict[KeyedField, tuple[str, Callable[[Actor, str], Any]]] = {
    KeyedField.HOLDER: ("holder_name", lambda _actor, typed: typed),
    KeyedField.PHONE: ("holder_phone", lambda _actor, typed: typed),
    KeyedField.AT: ("used_at", lambda _actor, typed: cells.accepted(
        read_time, typed, zh="使用时间", en="time of use")),
    KeyedField.AMOUNT: ("amount_fen", lambda _actor, typed: read_amount(typed)),
    KeyedField.STORE: ("store_code", lambda actor, typed: node_named(actor, typed).code),
    KeyedField.CLERK: ("clerk", lambda _actor, typed: typed),
}  # fmt: skip
"""What a field is called on a slip, and how what stands on the paper is read."""


class SettleKeying(FormScreen):
    """The fields in which two keyings differ, each settled by the paper."""

    name = "keying-settle"
    path = "keyings/<int:key>/settle"
    title = _("Settle two keyings")
    permission = REGISTER
    parent = "bundles"
    save_words = _("Register")

    def form_fields(self, actor: Actor, key: int) -> Sequence[Field]:
        """Two for each field in which they differ; raises `keying_unknown`, `slip_keyed_once`."""
        pair = self._pair(actor, key)
        found = []
        for one in pair.differing:
            keyed = _shown(one, pair.first), _shown(one, pair.second)
            options: list[tuple[str, Text]] = [
                (FIRST, keyed[0]),
                (SECOND, keyed[1]),
                (OTHER, _("Otherwise, as below")),
            ]
            words = format_lazy("{}: {}", FIELDS[one], _("as the paper says"))
            found += [
                Field(
                    one,
                    FIELDS[one],
                    "choice",
                    options=options,
                    required=True,
                    hint=" ≠ ".join(keyed),
                ),
                Field(f"{one}-other", words, "node" if one is KeyedField.STORE else "text"),
            ]
        return found

    def hint_of(self, call: Call, key: int) -> Text:
        """Which slip it is, who keyed it."""
        pair = self._pair(call.actor, key)
        words = _(
            "Bundle “%(bundle)s”, voucher %(serial)s, keyed by %(first)s and %(second)s. Compare "
            "with the paper."
        )
        return words % {
            "bundle": pair.bundle.name,
            "serial": pair.first.serial,
            "first": pair.first.keyed_by_name,
            "second": pair.second.keyed_by_name,
        }

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Register it as it was settled."""
        pair = self._pair(doing.actor, key)
        slip = keying.settle_pair(
            actor=doing.actor,
            bundle_id=pair.bundle.id,
            serial=pair.first.serial,
            settled=_settled(doing, pair),
        )
        words = _("Voucher %(serial)s: registered, %(amount)s off.")
        told = {"serial": slip.serial, "amount": format_yuan(slip.discount_fen)}
        return words % told, reverse("console:bundle", kwargs={"key": pair.bundle.id})

    def home(self, key: int) -> str:
        """The keying's page."""
        return reverse("console:keying", kwargs={"key": key})

    @staticmethod
    def _pair(actor: Actor, key: int) -> Pair:
        one = keyings.keying_by_id(actor, key)
        return keyings.pair_of(actor, one.bundle_id, one.serial)


def _settled(doing: Doing, pair: Pair) -> SlipTyped:
    """The slip as the paper says; raises `value_invalid`."""
    chosen: dict[str, Any] = {}
    second = keying.as_typed(pair.second)
    for field in pair.differing:
        name, read = _READ[field]
        if doing.values[field] == SECOND:
            chosen[name] = getattr(second, name)
        elif doing.values[field] == OTHER:
            typed = doing.values[f"{field}-other"]
            with typed_wrong("organisation_unknown"):
                chosen[name] = _read(read, doing.actor, typed, FIELDS[field])
    return replace(keying.as_typed(pair.first), **chosen)


def _read(read: Callable[[Actor, str], Any], actor: Actor, typed: str | None, name: Text) -> Any:
    try:
        return read(actor, typed or "")
    except KaquanError as error:
        if error.code != "value_invalid" or typed:
            raise
        raise KaquanError(
            "value_invalid", zh=f"请填写“{name}”。", en=f"Please fill in “{name}”."
        ) from None


def _percent(basis_points: int) -> Cell:
    return Cell(f"{basis_points // 100}.{basis_points % 100:02}%", "number")


ACCURACY_COLUMNS = (
    Column[ClerkAccuracy]("name", _("Who"), lambda one: text(one.name)),
    Column[ClerkAccuracy]("slips", _("Slips keyed"), lambda one: count(one.slips), number=True,
                          wide=True),
    Column[ClerkAccuracy]("fields", _("Fields keyed"), lambda one: count(one.fields), number=True),
    Column[ClerkAccuracy]("wrong", _("Fields wrong"), lambda one: count(one.wrong), number=True),
    Column[ClerkAccuracy]("right", _("Accuracy"), lambda one: _percent(one.right_basis_points),
                          number=True),
)  # fmt: skip


class KeyingAccuracy(FiguresScreen):
    """How many fields each clerk keyed, and how many of them wrong."""

    name = "keying-accuracy"
    path = "keying-accuracy"
    title = _("Accuracy of keying")
    permission = REGISTER
    parent = "bundles"
    fields = (Field("first", _("From"), "day"), Field("last", _("Until"), "day"))
    note = _(
        "Of bundles that are keyed twice: seven fields of each slip, wrong where they were settled "
        "otherwise; by the day on which that was."
    )

    def panels(self, call: Call, values: Values) -> Sequence[Panel]:
        """In all, by day, by clerk; raises `value_invalid`."""
        first, last = _days(values)
        clerks = keyings.accuracy_of_clerks(call.actor, first, last)
        by_day = keyings.accuracy_by_day(call.actor, first, last)
        slips, fields, wrong = (
            sum(one.slips for one in clerks),
            sum(one.fields for one in clerks),
            sum(one.wrong for one in clerks),
        )
        sums = ClerkAccuracy("", "", slips, fields, wrong)
        facts = [
            Fact(_("Slips keyed"), count(sums.slips)),
            Fact(_("Fields keyed"), count(sums.fields)),
            Fact(_("Fields wrong"), count(sums.wrong)),
            Fact(_("Accuracy"), _percent(sums.right_basis_points) if sums.fields else text("")),
            Fact(_("Days"), text(f"{first} – {last}")),
        ]
        empty = _("Nothing that was keyed twice was settled in these days.")
        labels = [f"{day:%m-%d}" for day in by_day]
        series = [
            Series(_("Fields keyed"), [one.fields for one in by_day.values()]),
            Series(_("Fields wrong"), [one.wrong for one in by_day.values()]),
        ]
        return [
            Facts(_("In all"), facts),
            Chart(_("Fields by day"), "accuracy", _("Day"), labels, series, "bar", empty),
            Table(_("By clerk"), ACCURACY_COLUMNS, clerks, empty),
        ]


def _days(values: Mapping[str, Any]) -> tuple[date, date]:
    today = clock.now().astimezone(current_configuration().time_zone).date()
    last = values["last"] or today
    first = values["first"] or last - timedelta(days=DAYS - 1)
    if not 0 <= (last - first).days < keyings.DAYS_MAX:
        raise KaquanError(
            "value_invalid",
            zh=f"日期应先早后晚，最多 {keyings.DAYS_MAX} 天。",
            en=f"The first day comes first, and there are at most {keyings.DAYS_MAX} days.",
        )
    return first, last


KEYING: KeyingDetail = KeyingDetail()
ACCURACY = KeyingAccuracy()
