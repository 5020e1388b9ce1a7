"""All screens of the console, and the menu; a new screen is added here and nowhere else."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from kaquan.surfaces.console.acting import choose
from kaquan.surfaces.console.kit import exports
from kaquan.surfaces.console.kit.bulk import BulkScreen
from kaquan.surfaces.console.kit.details import ActionScreen, DetailScreen
from kaquan.surfaces.console.kit.lists import ListScreen
from kaquan.surfaces.console.kit.menu import Entry, Group
from kaquan.surfaces.console.kit.screens import Call, Screen
from kaquan.surfaces.console.screens import (
    access,
    batches,
    budgets,
    campaigns,
    changes,
    customers,
    jobs,
    offers,
    organisations,
    proof,
    redemptions,
    search,
    views,
    vouchers,
    webhooks,
    workbench,
)

LISTS: tuple[ListScreen[Any], ...] = (
    campaigns.CAMPAIGNS,
    batches.BATCHES,
    offers.OFFERS,
    redemptions.REDEMPTIONS,
    customers.CUSTOMERS,
    organisations.STORES,
    budgets.BUDGETS,
    access.KEYS,
    webhooks.WEBHOOKS,
    jobs.JOBS,
    changes.CHANGES,
    views.VIEWS,
)
DETAILS: tuple[DetailScreen[Any], ...] = (
    campaigns.CAMPAIGN,
    batches.BATCH,
    offers.OFFER,
    vouchers.VOUCHER,
    customers.CUSTOMER,
    organisations.STORE,
    access.KEY,
    webhooks.WEBHOOK,
    jobs.JOB,
    views.VIEW,
)
OTHERS: tuple[Screen, ...] = (
    search.SEARCH,
    views.NewView(),
    campaigns.NewCampaign(),
    campaigns.EditCampaign(),
    batches.NewBatch(),
    batches.MintMore(),
    vouchers.VoucherSearch(),
    customers.CustomerSearch(),
    organisations.OrganisationTree(),
    organisations.NewStore(),
    organisations.EditStore(),
    jobs.JobFile(),
    proof.ProofState(),
)
BULK = (
    BulkScreen(batches.BATCHES, batches.BATCH),
    BulkScreen(organisations.STORES, organisations.STORE),
)


views.TITLES.update({screen.name: screen.title for screen in LISTS})


def _entry(screen: Screen) -> Entry:
    return Entry(screen.name, screen.title, screen.permission)


_OTHERS = {screen.name: screen for screen in OTHERS}
MENU = (
    Group(
        _("Work"),
        (
            _entry(workbench.WORKBENCH),
            _entry(campaigns.CAMPAIGNS),
            _entry(batches.BATCHES),
            _entry(offers.OFFERS),
            _entry(redemptions.REDEMPTIONS),
            _entry(_OTHERS["voucher-search"]),
        ),
    ),
    Group(
        _("People and places"),
        (
            _entry(customers.CUSTOMERS),
            _entry(organisations.STORES),
            _entry(_OTHERS["organisations"]),
        ),
    ),
    Group(_("Money"), (_entry(budgets.BUDGETS), _entry(_OTHERS["proof"]))),
    Group(
        _("System"),
        (
            _entry(access.KEYS),
            _entry(webhooks.WEBHOOKS),
            _entry(jobs.JOBS),
            _entry(changes.CHANGES),
        ),
    ),
)


class ActingIn(Screen):
    """Which part of the organisation someone acts in from now on."""

    name = "acting-in"
    path = "acting-in"
    title = _("Acting in")
    permission = ""

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """Keep the choice and begin anew."""
        del key
        asked = call.request.POST.get("organisation", "")
        if asked.isascii() and asked.isdigit() and len(asked) < 10:
            choose(call.request, int(asked) or None)
        return HttpResponseRedirect(workbench.WORKBENCH.address())


SCREENS: tuple[Screen, ...] = (
    workbench.WORKBENCH, ActingIn(), *LISTS, *DETAILS, *OTHERS, *map(ActionScreen, DETAILS), *BULK
)  # fmt: skip


def list_named(name: str) -> ListScreen[Any]:
    """A list by its name, for exports."""
    return next(screen for screen in LISTS if screen.name == name)


write_list = exports.writer(list_named)
"""Does the jobs that export lists."""
