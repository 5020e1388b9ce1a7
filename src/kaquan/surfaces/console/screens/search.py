"""One search for everything, from every page. What is looked for may be a code or a phone number,
so it is sent in the body: no address and no log knows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.campaigns.finding import batches_found, campaigns_found
from kaquan.campaigns.listings import VIEW as CAMPAIGNS
from kaquan.campaigns.queries import batches_by_id
from kaquan.customers.finding import customers_found
from kaquan.customers.queries import VIEW as CUSTOMERS
from kaquan.engine.money import format_yuan
from kaquan.foundation.actor import Actor
from kaquan.organisations.models import OrganisationKind
from kaquan.organisations.queries import VIEW as ORGANISATIONS
from kaquan.organisations.queries import organisation_names
from kaquan.organisations.searching import nodes_found
from kaquan.redemption.finding import orders_found, vouchers_found
from kaquan.redemption.listings import VIEW as BOOKS
from kaquan.redemption.queries import TRACE
from kaquan.surfaces.console.kit.cells import Text, local_text
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.screens import Call, Screen
from kaquan.surfaces.console.words import NODE_KINDS, VOUCHER_STATES

FOUND_MAX = 6
"""Of each kind."""
WORDS_CHARACTERS_MAX = 100


class Found(NamedTuple):
    """Something that was found; nobody is named in full."""

    title: str
    note: str
    href: str


class Kind(NamedTuple):
    """One kind of things that are looked for, and what one needs to see them."""

    title: Text
    permission: str
    find: Callable[[Actor, str], Sequence[Found]]


def _vouchers(actor: Actor, words: str) -> list[Found]:
    found = vouchers_found(actor, words)
    names = batches_by_id(actor, {one.batch_id for one in found})
    return [
        Found(
            title=str(one.serial),
            note=" · ".join(
                str(part)
                for part in (
                    names[one.batch_id].name if one.batch_id in names else "",
                    VOUCHER_STATES[one.state][0] if one.state is not None else "",
                    _("by an old code, which ended when it was passed on")
                    if one.is_old_code
                    else "",
                )
                if part
            ),
            href=reverse("console:voucher", kwargs={"key": one.serial}),
        )
        for one in found
    ]


def _customers(actor: Actor, words: str) -> list[Found]:
    return [
        Found(
            title=one.number,
            note=" · ".join(filter(None, (one.masked_name, one.masked_phone))),
            href=reverse("console:customer", kwargs={"key": one.id}),
        )
        for one in customers_found(actor, words, limit=FOUND_MAX)
    ]


def _campaigns(actor: Actor, words: str) -> list[Found]:
    return [
        Found(one.name, one.code, reverse("console:campaign", kwargs={"key": one.id}))
        for one in campaigns_found(actor, words, limit=FOUND_MAX)
    ]


def _batches(actor: Actor, words: str) -> list[Found]:
    return [
        Found(one.name, one.campaign.name, reverse("console:batch", kwargs={"key": one.id}))
        for one in batches_found(actor, words, limit=FOUND_MAX)
    ]


def _nodes(actor: Actor, words: str) -> list[Found]:
    return [
        Found(
            title=one.name,
            note=f"{NODE_KINDS[one.kind]} · {one.code}",
            href=reverse("console:store", kwargs={"key": one.id})
            if one.kind == OrganisationKind.STORE
            else f"{reverse('console:organisations')}?node={one.id}",
        )
        for one in nodes_found(actor, words, limit=FOUND_MAX)
    ]


def _orders(actor: Actor, words: str) -> list[Found]:
    found = orders_found(actor, words, limit=FOUND_MAX)
    stores = organisation_names(actor, {one.store_id for one in found})
    there = reverse("console:redemptions")
    return [
        Found(
            title=one.order_no,
            note=f"{stores.get(one.store_id, '')} · {local_text(one.ordered_at)} · "
            f"{format_yuan(one.total_fen)}",
            href=f"{there}?{urlencode({'order': one.order_no})}",
        )
        for one in found
    ]


KINDS: tuple[Kind, ...] = (
    Kind(_("Vouchers"), TRACE, _vouchers),
    Kind(_("Customers"), CUSTOMERS, _customers),
    Kind(_("Campaigns"), CAMPAIGNS, _campaigns),
    Kind(_("Batches"), CAMPAIGNS, _batches),
    Kind(_("Organisations and stores"), ORGANISATIONS, _nodes),
    Kind(_("Orders"), BOOKS, _orders),
)


class Search(Screen):
    """Everything that somebody may see and that these words may mean."""

    name = "search"
    path = "search"
    title = _("Search")
    permission = ""

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """What was found, kind by kind."""
        del key
        words = call.request.POST.get("words", "").strip().replace("\0", "")
        words = words[:WORDS_CHARACTERS_MAX]
        groups = found_by_kind(call.actor, words) if words else []
        context = {
            "searched": words,
            "groups": groups,
            "number": sum(len(found) for _title, found in groups),
        }
        return self.page(call, "console/find.html", context)


def found_by_kind(actor: Actor, words: str) -> list[tuple[Text, Sequence[Found]]]:
    """What there is of each kind that the actor may see; kinds without anything are left out."""
    asked = [
        (kind.title, kind.find(actor, words)) for kind in KINDS if holds(actor, kind.permission)
    ]
    return [(title, found) for title, found in asked if found]


SEARCH = Search()
