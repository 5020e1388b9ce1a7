"""Accounts as people read them: their kind, and whose they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from kaquan.analytics.accounts import OF_BATCHES, OF_BUDGETS, OF_STORES, TOGETHER
from kaquan.budgets.queries import budget_names
from kaquan.campaigns.queries import batches_by_id
from kaquan.engine.entries import Account, Unit
from kaquan.engine.money import format_yuan
from kaquan.foundation.actor import Actor
from kaquan.organisations.queries import organisation_names
from kaquan.surfaces.console.kit.cells import Cell, Text, text
from kaquan.surfaces.console.words import ACCOUNTS

Side = tuple[Account, int]


class AccountNames(NamedTuple):
    """The names behind the ids of some accounts, as far as the actor may know them."""

    budgets: Mapping[int, str]
    batches: Mapping[int, str]
    organisations: Mapping[int, str]

    def whose(self, side: Side) -> Text:
        """Whose account it is; its number where nobody here may know the name."""
        account, number = side
        if account in TOGETHER and number == 0:
            return "" if account is not Account.HOLDER else _("Whoever holds it")
        if account is Account.OUTSIDE or not number:
            return ""
        if account in OF_BUDGETS:
            return self.budgets.get(number, f"#{number}")
        if account in OF_BATCHES:
            return self.batches.get(number, f"#{number}")
        if account in OF_STORES:
            return self.organisations.get(number, f"#{number}")
        return "" if account is Account.HOLDER else f"#{number}"

    def cell(self, side: Side) -> Cell:
        """Both, in one place."""
        whose = self.whose(side)
        return text(ACCOUNTS[side[0]], note=whose)


def account_names(actor: Actor, sides: Iterable[Side]) -> AccountNames:
    """The names for some accounts."""
    found = set(sides)

    def ids(kinds: tuple[Account, ...]) -> set[int]:
        return {number for account, number in found if account in kinds and number}

    batches = batches_by_id(actor, ids(OF_BATCHES))
    return AccountNames(
        budget_names(actor, ids(OF_BUDGETS)),
        {number: batch.name for number, batch in batches.items()},
        organisation_names(actor, ids(OF_STORES)),
    )


def quantity(amount: int, unit: int) -> Cell:
    """An amount of a unit, as a number."""
    shown = format_yuan(amount) if unit == Unit.FEN else f"{amount:,}"
    return Cell(shown, "number")
