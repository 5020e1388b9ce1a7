"""How often, where, when and what: a customer's habits in numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from kaquan.campaigns.queries import batches_by_id
from kaquan.customers.queries import CustomerLine
from kaquan.foundation import clock
from kaquan.organisations.queries import organisation_names
from kaquan.redemption.customer_habits import LATELY, Habits, habits_of
from kaquan.redemption.customer_life import LIST_MAX
from kaquan.surfaces.console.kit.cells import Fact, Text, listed, money, text
from kaquan.surfaces.console.kit.panels import Facts, Panel
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.wizard_rules import WEEKDAYS

_TIMES = _("%(name)s (%(number)s)")


def habits(call: Call, line: CustomerLine) -> list[Panel]:
    """Nothing of whom no order and no voucher is known."""
    found = habits_of(call.actor, line.id, clock.now())
    facts = [*_visits(found), *_likings(call, found)]
    title = _("Habits, by the latest %(number)s orders and vouchers at most") % {"number": LIST_MAX}
    return [Facts(title, facts)] if facts else []


def _visits(found: Habits) -> Iterator[Fact]:
    if not found.orders:
        return
    lately = gettext("%(days)s days with an order of the last %(lately)s") % {
        "days": found.days_lately,
        "lately": LATELY.days,
    }
    if found.days_between:
        days = {"days": found.days_between}
        lately += gettext(", one every %(days)s days on average") % days
    yield Fact(_("Frequency"), text(lately))
    yield Fact(_("An order comes to"), money(found.average_fen))
    ((weekday, on_it),), ((hour, in_it),) = found.weekday, found.hour
    yield Fact(_("Mostly on"), text(_times(WEEKDAYS[weekday][1], on_it)))
    yield Fact(_("Mostly at"), text(_times(f"{hour:02}:00–{hour + 1:02}:00", in_it)))


def _likings(call: Call, found: Habits) -> Iterator[Fact]:
    if found.stores:
        stores = organisation_names(call.actor, {one for one, _number in found.stores})
        named = ((stores.get(one, _("Elsewhere")), number) for one, number in found.stores)
        yield Fact(_("Stores most visited"), text(_listed(named)))
    if found.goods:
        yield Fact(_("Goods most bought"), text(_listed(found.goods)))
    if found.vouchers:
        used = gettext("%(used)s of %(number)s, %(percent)s%%") % {
            "used": found.vouchers_used,
            "number": found.vouchers,
            "percent": found.vouchers_used * 100 // found.vouchers,
        }
        yield Fact(_("Vouchers used up"), text(used))
    if found.batches_used:
        batches = batches_by_id(call.actor, {one for one, _number in found.batches_used})
        liked = (
            (batches[one].name if one in batches else _("Elsewhere"), number)
            for one, number in found.batches_used
        )
        yield Fact(_("Vouchers most used"), text(_listed(liked)))


def _listed(found: Iterable[tuple[Text, int]]) -> str:
    return listed(_times(name, number) for name, number in found)


def _times(name: Text, number: int) -> str:
    return str(_TIMES) % {"name": name, "number": f"{number:,}"}
