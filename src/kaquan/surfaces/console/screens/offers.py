"""Offers: list, and a page with the printed terms and all versions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from kaquan.engine.rules.explain import explain
from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Page, Paging
from kaquan.offers import queries
from kaquan.offers.listings import VIEW, newest_versions, offer_page
from kaquan.offers.models import Offer, OfferVersion
from kaquan.surfaces.console.kit.cells import Cell, Fact, badge, code, moment, text
from kaquan.surfaces.console.kit.details import DetailScreen
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.panels import Facts, Panel, Sentences, Tab, Table
from kaquan.surfaces.console.kit.screens import Call, language_now
from kaquan.surfaces.console.screens.changes import changes_tab
from kaquan.surfaces.console.words import BENEFITS

FAULTS_SHOWN = 5


class OfferLine(NamedTuple):
    """An offer with its newest version."""

    offer: Offer
    version: OfferVersion | None

    @property
    def id(self) -> int:
        """The offer's."""
        return self.offer.id


def _lines(offers: Sequence[Offer]) -> list[OfferLine]:
    versions = newest_versions([offer.id for offer in offers])
    return [OfferLine(offer, versions.get(offer.id)) for offer in offers]


def _benefit(version: OfferVersion | None) -> Cell:
    kind = version.terms["benefit"]["kind"] if version else ""
    return text(BENEFITS.get(kind, kind))


def _owner(offer: Offer) -> Cell:
    return text(offer.organisation.name if offer.organisation else _("Whole issuer"))


def _used(version: OfferVersion) -> Cell:
    return badge(_("Fixed"), "info") if version.used else badge(_("Not in use yet"), "muted")


def _against(old: OfferVersion | None, new: OfferVersion) -> Cell:
    """Whether holders of the version before would lose nothing by a version."""
    if old is None:
        return text("—")
    faults = queries.worse_for_holders(old, new)
    if not faults:
        return badge(_("No worse for any holder"), "good")
    zh = language_now() == "zh"
    told = [f"{one.path}: {one.zh if zh else one.en}" for one in faults[:FAULTS_SHOWN]]
    return text(_("For new vouchers only"), note="; ".join(told))


class OfferDetail(DetailScreen[OfferLine]):
    """One offer."""

    name = "offer"
    path = "offers/<int:key>"
    title = _("Offer")
    permission = VIEW
    parent = "offers"

    def subject(self, actor: Actor, key: int) -> OfferLine:
        """The offer; raises `offer_unknown`."""
        return _lines([queries.offer_by_id(actor, key)])[0]

    def heading(self, subject: OfferLine) -> str:
        """Its name."""
        return subject.offer.name

    @staticmethod
    def terms(call: Call, line: OfferLine) -> Sequence[Panel]:
        """What the newest version promises, as it is printed and for operators."""
        version = line.version
        facts = [
            Fact(_("Code"), code(line.offer.code)),
            Fact(_("Kind"), _benefit(version)),
            Fact(_("Belongs to"), _owner(line.offer)),
            Fact(_("Version"), text(f"v{version.number}" if version else "")),
            Fact(_("Published"), moment(version.published_at if version else None)),
        ]
        if version is None:
            return [Facts("", facts)]
        terms = queries.terms_of(version)
        sentences = explain(terms, call.language, queries.names_in(call.actor, terms))
        printed = [one.text for one in sentences if one.printed]
        inside = [one.text for one in sentences if not one.printed]
        return [Facts("", facts), Sentences(_("Printed terms"), printed, inside)]

    @staticmethod
    def versions(call: Call, line: OfferLine) -> Sequence[Panel]:
        """All versions, the newest first."""
        rows = queries.versions(call.actor, line.offer.id)
        before = dict(pairwise(rows))
        columns = (
            Column[Any]("number", _("Version"), lambda one: text(f"v{one.number}")),
            Column[Any]("benefit", _("Kind"), _benefit),
            Column[Any]("published", _("Published"), lambda one: moment(one.published_at)),
            Column[Any]("used", _("State"), _used),
            Column[Any]("holders", _("Against the version before"), lambda one: _against(
                before.get(one), one)),
        )  # fmt: skip
        note = _("Once vouchers stand on a version it is fixed for ever.")
        return [Table(_("Versions"), columns, rows, _("There is no version yet."), note)]

    tabs = (
        Tab("terms", _("Terms"), terms),
        Tab("versions", _("Versions"), versions),
        changes_tab("offer"),
    )


class Offers(ListScreen[OfferLine]):
    """All offers of one's part."""

    name = "offers"
    path = "offers"
    title = _("Offers")
    permission = VIEW
    empty = _("There are no offers yet.")
    fields = (Field("words", _("Name or code")),)
    columns = (
        Column[OfferLine]("name", _("Name"), lambda one: text(
            one.offer.name, href=OFFER.address(key=one.id)), sort="name"),
        Column[OfferLine]("code", _("Code"), lambda one: code(one.offer.code), sort="code"),
        Column[OfferLine]("benefit", _("Kind"), lambda one: _benefit(one.version)),
        Column[OfferLine]("version", _("Version"), lambda one: text(
            f"v{one.version.number}" if one.version else ""), wide=True),
        Column[OfferLine]("published", _("Published"), lambda one: moment(
            one.version.published_at if one.version else None), wide=True),
        Column[OfferLine]("owner", _("Belongs to"), lambda one: _owner(one.offer), wide=True),
    )  # fmt: skip

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[OfferLine]:
        """The offers."""
        return offer_page(actor, values["words"], paging).mapped(_lines)


OFFER: OfferDetail = OfferDetail()
OFFERS = Offers()
