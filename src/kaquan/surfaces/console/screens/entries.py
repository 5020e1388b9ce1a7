"""The entries of the books, the latest first: what finance looks through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.budgets.listings import VIEW as BUDGETS
from kaquan.budgets.movements import movements
from kaquan.budgets.queries import budget_by_code, funder_names
from kaquan.campaigns.queries import batches_by_id
from kaquan.engine.entries import OPERATIONS, Account, Unit
from kaquan.engine.places import lane_of, sequence_of
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.paging import Page, Paging
from kaquan.ledger.entry_pages import BookedEntry, EntryFilter, Period, is_wanted
from kaquan.ledger.entry_pages import Page as BookPage
from kaquan.organisations.queries import store_by_code
from kaquan.redemption import listings
from kaquan.redemption.order_entries import entries_of_order
from kaquan.redemption.queries import TRACE
from kaquan.surfaces.console.kit.cells import Cell, Text, badge, code, moment, text
from kaquan.surfaces.console.kit.fields import Field, Values, day_end, day_start
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.screens.account_names import AccountNames, account_names, quantity
from kaquan.surfaces.console.screens.bookmarks import bookmark_in, cursor_after
from kaquan.surfaces.console.words import ACCOUNTS, BOOKED_OPERATIONS, UNITS

NUMBER_CHARACTERS_MAX = 18


class EntryLine(NamedTuple):
    """An entry, and the names of what it is about."""

    booked: BookedEntry
    names: AccountNames
    batch: str
    funder: Text
    is_traced: bool
    """Whether the actor may see the voucher's life."""

    @property
    def place(self) -> str:
        """Lane, block and entry: where it stands for ever."""
        block = self.booked.block
        return f"{lane_of(block)}-{sequence_of(block)}-{self.booked.entry.index}"


def whole_number(typed: str | None, title: Text) -> int | None:
    """A number that people copy from elsewhere; raises `value_invalid`."""
    if typed is None:
        return None
    if not (typed.isascii() and typed.isdigit() and len(typed) <= NUMBER_CHARACTERS_MAX):
        raise KaquanError(
            "value_invalid",
            zh=f"{title}：应为数字。",
            en=f"{title}: expected a number.",
            exit_code=ExitCode.USAGE,
        )
    return int(typed)


def _operation(line: EntryLine) -> Cell:
    name = OPERATIONS[line.booked.entry.operation]
    return badge(*BOOKED_OPERATIONS[name])


def _voucher(line: EntryLine) -> Cell:
    serial = line.booked.entry.serial
    if not serial:
        return code("")
    there = reverse("console:voucher", kwargs={"key": serial}) if line.is_traced else ""
    return code(str(serial), href=there)


def _debit(line: EntryLine) -> Cell:
    entry = line.booked.entry
    return line.names.cell((entry.debit, entry.debit_id))


def _credit(line: EntryLine) -> Cell:
    entry = line.booked.entry
    return line.names.cell((entry.credit, entry.credit_id))


ENTRY_COLUMNS: tuple[Column[EntryLine], ...] = (
    Column("booked", _("Booked"), lambda one: moment(one.booked.committed_at)),
    Column("operation", _("What"), _operation),
    Column("debit", _("From the account"), _debit),
    Column("credit", _("To the account"), _credit),
    Column("amount", _("Amount"), lambda one: quantity(
        one.booked.entry.amount, one.booked.entry.unit), number=True),
    Column("unit", _("Unit"), lambda one: text(UNITS[one.booked.entry.unit]), wide=True),
    Column("batch", _("Batch"), lambda one: text(one.batch), wide=True),
    Column("funder", _("Funder"), lambda one: text(one.funder), hidden=True),
    Column("voucher", _("Serial"), _voucher, hidden=True),
    Column("at", _("When"), lambda one: moment(one.booked.entry.at), hidden=True),
    Column("place", _("Place in the books"), lambda one: code(one.place), wide=True),
)  # fmt: skip


class Entries(ListScreen[EntryLine]):
    """The entries of one's batches and of one's stores' accounts; and, where a budget is named, all
    of that budget."""

    name = "entries"
    path = "entries"
    title = _("Entries")
    permission = listings.VIEW
    empty = _("Nothing was booked yet.")
    narrowing = _("With “Booked until”, it begins at that day at once.")
    fields = (
        Field("first", _("Booked from"), "day"),
        Field("last", _("Booked until"), "day"),
        Field("operation", _("What"), "choice",
              options=[(name, BOOKED_OPERATIONS[name][0]) for name in OPERATIONS]),
        Field("store", _("Store's code"), characters_max=200),
        Field("account", _("Account kind"), "choice", more=True,
              options=[(str(int(one)), words) for one, words in ACCOUNTS.items()]),
        Field("number", _("Number of the account"), more=True),
        Field("budget", _("Budget's code"), characters_max=64, more=True),
        Field("batch", _("Number of the batch"), more=True),
        Field("order", _("Order number"), characters_max=64, more=True),
    )  # fmt: skip
    columns = ENTRY_COLUMNS

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[EntryLine]:
        """The entries, from the newest back."""
        found = _found(actor, values, paging)
        return Page(entry_lines(actor, found.items), after=cursor_after(found.following))

    def key(self, row: EntryLine) -> str:
        """Its place."""
        return row.place


def entry_lines(actor: Actor, booked: Sequence[BookedEntry]) -> list[EntryLine]:
    """Entries that were read with a scope, with names."""
    entries = [one.entry for one in booked]
    sides = [side for one in entries for side in (
        (one.debit, one.debit_id), (one.credit, one.credit_id))]  # fmt: skip
    names = account_names(actor, sides)
    batches = batches_by_id(actor, {one.batch_id for one in entries if one.batch_id})
    funders = funder_names()
    is_traced = holds(actor, TRACE)
    return [
        EntryLine(
            one,
            names,
            batches[one.entry.batch_id].name if one.entry.batch_id in batches else "",
            _funder(one, funders),
            is_traced,
        )
        for one in booked
    ]


def _funder(one: BookedEntry, funders: Mapping[int, str]) -> Text:
    entry = one.entry
    is_owed = entry.unit is Unit.FEN and Account.STORE in (entry.debit, entry.credit)
    if not is_owed:
        return ""
    return funders.get(entry.funder_id, _("Issuer")) if entry.funder_id else _("Issuer")


def _found(actor: Actor, values: Values, paging: Paging) -> BookPage[BookedEntry]:
    number = whole_number(values["number"], _("Number of the account"))
    batch_id = whole_number(values["batch"], _("Number of the batch"))
    store_id = store_by_code(actor, values["store"]).pk if values["store"] else None
    wanted = EntryFilter(
        operation=OPERATIONS.index(values["operation"]) if values["operation"] else None,
        batch_ids=None if batch_id is None else [batch_id],
        store_ids=None if store_id is None else [store_id],
        account=(Account(int(values["account"])), number) if values["account"] else None,
    )
    period = Period(day_start(values["first"]), day_end(values["last"]))
    after, limit = bookmark_in(paging.after), paging.rows_max
    if values["order"]:
        found = entries_of_order(
            actor, values["order"], store_id=store_id, period=period, after=after, limit=limit
        )
        kept = [one for one in found.items if is_wanted(one.entry, wanted, None)]
        return BookPage(kept, found.following)
    if values["budget"] and holds(actor, BUDGETS):
        budget = budget_by_code(actor, values["budget"])
        return movements(actor, budget.id, wanted=wanted, period=period, after=after, limit=limit)
    return listings.entries(actor=actor, wanted=wanted, period=period, after=after, limit=limit)


ENTRIES = Entries()
