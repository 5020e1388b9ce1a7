"""Stores from a table, with the organisations on the way to them; and the tree above them alone."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.organisations.imports import STORES as PLAN
from kaquan.organisations.imports_organisations import ORGANISATIONS
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
    advice = _(
        "Where a store stands: by region, province and city; by a path of any length, such as "
        "华东大区/江苏省/南京市/鼓楼片区; or by the code of what is right above it. "
        "What is missing on the way is made."
    )

    def home(self) -> str:
        """The list."""
        return STORES.address()


class ImportOrganisations(ImportScreen):
    """A CSV or XLSX file of what stands above the stores."""

    name = "organisation-import"
    path = "import-organisations"
    title = _("Import organisations")
    permission = EDIT
    parent = "organisations"
    plan = ORGANISATIONS
    advice = _(
        "To any depth, the rows in any order: each says by a path such as 华东大区/江苏省, "
        "or by the code of what is right above it, where it stands; neither is the top of your "
        "part. A code that is known is renamed or moved, with all below it."
    )

    def home(self) -> str:
        """The tree."""
        return reverse("console:organisations")
