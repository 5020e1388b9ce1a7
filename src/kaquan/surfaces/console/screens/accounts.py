"""The accounts of the books with what they come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy as _

from kaquan.analytics.accounts import AccountFilter, account_page
from kaquan.analytics.models import AccountTotal
from kaquan.engine.entries import Account, Unit
from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Page, Paging
from kaquan.redemption.listings import VIEW
from kaquan.surfaces.console.kit.cells import Cell, Text, count, text
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.screens.account_names import account_names, quantity
from kaquan.surfaces.console.screens.entries import ENTRIES, whole_number
from kaquan.surfaces.console.words import ACCOUNTS, UNITS


class AccountLine(NamedTuple):
    """An account and whose it is."""

    total: AccountTotal
    whose: Text

    @property
    def id(self) -> int:
        """The row's."""
        return self.total.id


def _amount(name: str) -> Column[AccountLine]:
    def cell(line: AccountLine) -> Cell:
        return quantity(getattr(line.total, name), line.total.unit)

    sort = "balance" if name == "balance" else ""
    return Column(name, _AMOUNTS[name], cell, number=True, sort=sort, wide=name != "balance")


_AMOUNTS = {"balance": _("Balance"), "credited": _("Came in"), "debited": _("Went out")}


def _account(line: AccountLine) -> Cell:
    account, number = line.total.account, line.total.account_id
    asked = urlencode({"account": account, **({"number": number} if number else {})})
    return text(ACCOUNTS[Account(account)], href=f"{ENTRIES.address()}?{asked}")


class Accounts(ListScreen[AccountLine]):
    """What each account comes to; the balance is what came in less what went out."""

    name = "accounts"
    path = "accounts"
    title = _("Account balances")
    permission = VIEW
    empty = _("Nothing was booked yet.")
    fields = (
        Field("account", _("Account kind"), "choice",
              options=[(str(int(one)), words) for one, words in ACCOUNTS.items()]),
        Field("number", _("Number of the account")),
        Field("unit", _("Unit"), "choice",
              options=[(str(int(one)), words) for one, words in UNITS.items()]),
    )  # fmt: skip
    columns = (
        Column[AccountLine]("account", _("Account kind"), _account, sort="account"),
        Column[AccountLine]("whose", _("Whose"), lambda one: text(one.whose)),
        Column[AccountLine]("unit", _("Unit"), lambda one: text(UNITS[Unit(one.total.unit)]),
                            wide=True),
        *map(_amount, _AMOUNTS),
        Column[AccountLine]("entries", _("Entries"), lambda one: count(one.total.entries),
                            sort="entries", number=True, wide=True),
    )  # fmt: skip

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[AccountLine]:
        """The accounts."""
        wanted = AccountFilter(
            account=Account(int(values["account"])) if values["account"] else None,
            account_id=whole_number(values["number"], _("Number of the account")),
            unit=int(values["unit"]) if values["unit"] else None,
        )
        found = account_page(actor, wanted, paging)
        return found.mapped(lambda rows: _lines(actor, rows))


def _lines(actor: Actor, rows: Sequence[AccountTotal]) -> list[AccountLine]:
    sides = [(Account(one.account), one.account_id) for one in rows]
    names = account_names(actor, sides)
    return [AccountLine(one, names.whose(side)) for one, side in zip(rows, sides, strict=True)]


ACCOUNTS_SCREEN = Accounts()
