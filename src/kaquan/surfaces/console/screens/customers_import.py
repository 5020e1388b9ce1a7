"""Customers from a table; names and phones are sealed before they reach the database."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kaquan.customers.actions import PERMISSION
from kaquan.customers.imports import CUSTOMERS as PLAN
from kaquan.surfaces.console.kit.imports import ImportScreen
from kaquan.surfaces.console.screens.customers import CUSTOMERS


class ImportCustomers(ImportScreen):
    """A CSV or XLSX file of customers."""

    name = "customer-import"
    path = "import-customers"
    title = _("Import customers")
    permission = PERMISSION
    parent = "customers"
    plan = PLAN

    def home(self) -> str:
        """The list."""
        return CUSTOMERS.address()
