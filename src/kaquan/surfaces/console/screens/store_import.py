"""Stores from a table, with the organisations on the way to them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kaquan.organisations.imports import STORES as PLAN
from kaquan.surfaces.console.kit.imports import ImportScreen
from kaquan.surfaces.console.screens.organisations import EDIT, STORES


class ImportStores(ImportScreen):
    """A CSV or XLSX file of stores."""

    name = "store-import"
    path = "import-stores"
    title = _("Import stores")
    permission = EDIT
    parent = "stores"
    plan = PLAN

    def home(self) -> str:
        """The list."""
        return STORES.address()
