"""Campaigns: list, page, forms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from kaquan.analytics.queries import funnels
from kaquan.approvals.models import RequestState
from kaquan.approvals.queries import VIEW as APPROVALS_VIEW
from kaquan.approvals.queries import about
from kaquan.campaigns import actions, planning, queries
from kaquan.campaigns.draft_queries import EDIT_OFFERS, has_draft
from kaquan.campaigns.listings import (
    VIEW,
    CampaignFilter,
    campaign_kinds,
    campaign_page,
    campaign_state,
)
from kaquan.campaigns.mint_requests import ask_for_more
from kaquan.campaigns.models import Booked, Campaign, CampaignStatus, Jurisdiction
from kaquan.campaigns.standing import batch_ids_of
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Page, Paging
from kaquan.organisations.listings import upper_nodes
from kaquan.surfaces.console.kit.actions import Doing
from kaquan.surfaces.console.kit.cells import (
    Cell,
    Fact,
    Text,
    badge,
    code,
    count,
    moment,
    money,
    text,
)
from kaquan.surfaces.console.kit.details import DetailScreen
from kaquan.surfaces.console.kit.fields import Field, Values, day_end, day_start
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab, Table, last_of
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.approval_bar import NOTHING, bar_of
from kaquan.surfaces.console.screens.approval_words import request_state
from kaquan.surfaces.console.screens.approvals import APPROVAL
from kaquan.surfaces.console.screens.batch_columns import (
    SHORT_COLUMNS,
    BatchLine,
    batch_lines,
    funnel_of,
)
from kaquan.surfaces.console.screens.campaign_actions import CAMPAIGN_ACTIONS, OPENED, REASON
from kaquan.surfaces.console.screens.changes import changes_tab
from kaquan.surfaces.console.screens.recent import recent_events
from kaquan.surfaces.console.screens.wizard_fields import LAW_HINT, PLACES
from kaquan.surfaces.console.words import CAMPAIGN_STATES, state

EDIT = actions.PERMISSION
_UNDECIDED = (CampaignStatus.DRAFT, CampaignStatus.WAITING)
REQUESTS_SHOWN = 50
_STATES = [(name, words) for name, (words, _tone) in CAMPAIGN_STATES.items()]


def _state(campaign: Campaign) -> Cell:
    return state(CAMPAIGN_STATES, campaign_state(campaign, clock.now()))


def _owner(campaign: Campaign) -> Cell:
    return text(campaign.organisation.name if campaign.organisation else _("Whole issuer"))


PLAN_COLUMNS: tuple[Column[BatchLine], ...] = (
    *SHORT_COLUMNS[:3],
    Column("quantity", _("Quantity"), lambda line: count(line.batch.quantity), number=True),
    Column("budget", _("Budget"), lambda line: text(
        line.batch.budget.name if line.batch.budget else _("Without a budget"))),
)  # fmt: skip


class CampaignDetail(DetailScreen[Campaign]):
    """One campaign with its batches."""

    name = "campaign"
    path = "campaigns/<int:key>"
    title = _("Campaign")
    permission = VIEW
    parent = "campaigns"
    actions = CAMPAIGN_ACTIONS
    links = (
        ("campaign-rework", _("Go on with the draft"), EDIT_OFFERS),
        ("campaign-copy", _("Copy"), EDIT_OFFERS),
        ("campaign-edit", _("Edit"), EDIT),
        ("batch-new", _("New batch"), EDIT),
        ("campaign-more", _("Ask for more vouchers"), EDIT),
        ("campaign-improve-terms", _("Improve issued terms"), EDIT),
    )

    def subject(self, actor: Actor, key: int) -> Campaign:
        """The campaign; raises `campaign_unknown`."""
        return queries.campaign_by_id(actor, key)

    def heading(self, subject: Campaign) -> str:
        """Its name."""
        return subject.name

    def badges(self, subject: Campaign) -> Sequence[Cell]:
        """How far it has come."""
        return [_state(subject)]

    def shows_link(self, name: str, subject: Campaign) -> bool:
        """What waits is not changed, and what was approved gets no more without asking."""
        if name == "campaign-copy":
            return True
        if name == "campaign-rework":
            return subject.status == CampaignStatus.DRAFT and has_draft(subject)
        if name == "campaign-edit":
            return subject.status != CampaignStatus.WAITING
        if name == "campaign-improve-terms":
            return subject.booked != Booked.NOTHING
        if name == "campaign-more":
            return subject.by_schedule and subject.status in OPENED
        if subject.by_schedule:
            return subject.status == CampaignStatus.DRAFT
        return subject.status == CampaignStatus.RUNNING

    @staticmethod
    def overview(call: Call, campaign: Campaign) -> Sequence[Panel]:
        """Its facts, its funnel and its batches."""
        batches = batch_lines(queries.campaign_batches(call.actor, campaign.id))
        sums: Counter[str] = Counter()
        for figures in funnels([line.batch.id for line in batches]).values():
            sums.update(figures)
        facts = [
            Fact(_("Code"), code(campaign.code)),
            Fact(_("Kind"), text(campaign.kind)),
            Fact(_("Starts"), moment(campaign.starts_at)),
            Fact(_("Ends"), moment(campaign.ends_at)),
            Fact(_("Belongs to"), _owner(campaign)),
            Fact(_("Goal"), text(campaign.goal)),
        ]
        if campaign.fault:
            facts.append(Fact(_("Could not be brought up"), badge(campaign.fault, "bad")))
        planned = Table(
            _("Batches"), SHORT_COLUMNS, batches, _("This campaign has no batches yet.")
        )
        # Each panel keeps its place, by which parts that are told live are found on the page.
        bar = _approval_bar(call, campaign)
        if campaign.status in _UNDECIDED:
            plans = Table(
                _("Batches"), PLAN_COLUMNS, batches, _("This campaign has no batches yet.")
            )
            return [bar, Facts("", facts), NOTHING, plans]
        recent = recent_events(call, [line.id for line in batches])
        return [bar, Facts("", facts), funnel_of(sums), planned, *recent]

    @staticmethod
    def approvals(call: Call, campaign: Campaign) -> Sequence[Panel]:
        """All that was ever asked for about it."""
        rows = about(call.actor, planning.SUBJECT, campaign.id, limit=REQUESTS_SHOWN)
        columns = (
            Column[Any]("title", _("Subject"), lambda one: text(
                one.title, href=APPROVAL.address(key=one.pk))),
            Column[Any]("state", _("State"), request_state),
            Column[Any]("amount", _("Amount at most"), lambda one: money(
                one.amount_fen), number=True),
            Column[Any]("by", _("Handed in by"), lambda one: text(one.asked_by_name)),
            Column[Any]("at", _("Handed in"), lambda one: moment(one.asked_at)),
        )  # fmt: skip
        note = last_of(rows, REQUESTS_SHOWN)
        return [Table(_("Approvals"), columns, rows, _("Nothing was handed in yet."), note)]

    tabs = (
        Tab("overview", _("Overview"), overview, follows=batch_ids_of),
        Tab("approvals", _("Approvals"), approvals, APPROVALS_VIEW),
        changes_tab("campaign"),
    )


def _approval_bar(call: Call, campaign: Campaign) -> Panel:
    """Of a campaign that waits, where it is decided; of one that came back, what was said."""
    if not holds(call.actor, APPROVALS_VIEW) or campaign.status not in _UNDECIDED:
        return NOTHING
    newest = about(call.actor, planning.SUBJECT, campaign.id, limit=1)
    if not newest or newest[0].state in (RequestState.APPROVED, RequestState.WITHDRAWN):
        return NOTHING
    return bar_of(call, newest[0])


class Campaigns(ListScreen[Campaign]):
    """All campaigns of one's part."""

    name = "campaigns"
    path = "campaigns"
    title = _("Campaigns")
    permission = VIEW
    empty = _("There are no campaigns yet.")
    creates = ("campaign-begin", _("New campaign"), EDIT)
    fields = (
        Field("words", _("Name or code")),
        Field("state", _("State"), "choice", options=_STATES),
        Field("kind", _("Kind"), "choice"),
        Field("since", _("Starts from"), "day", more=True),
        Field("until", _("Starts until"), "day", more=True),
    )
    columns = (
        Column[Campaign]("name", _("Name"), lambda c: text(
            c.name, href=CAMPAIGN.address(key=c.id)), sort="name"),
        Column[Campaign]("code", _("Code"), lambda c: code(c.code), sort="code", wide=True),
        Column[Campaign]("state", _("State"), _state),
        Column[Campaign]("kind", _("Kind"), lambda c: text(c.kind), wide=True),
        Column[Campaign]("starts", _("Starts"), lambda c: moment(c.starts_at), sort="starts"),
        Column[Campaign]("ends", _("Ends"), lambda c: moment(c.ends_at), sort="ends"),
        Column[Campaign]("owner", _("Belongs to"), _owner, wide=True),
        Column[Campaign]("goal", _("Goal"), lambda c: text(c.goal), hidden=True),
    )  # fmt: skip

    def query_fields(self, actor: Actor) -> Sequence[Field]:
        """With the kinds that are in use."""
        kinds = [(kind, kind) for kind in campaign_kinds(actor)]
        return [one.with_options(kinds) if one.name == "kind" else one for one in self.fields]

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[Campaign]:
        """The campaigns."""
        wanted = CampaignFilter(
            values["words"],
            values["kind"],
            values["state"],
            day_start(values["since"]),
            day_end(values["until"]),
        )
        return campaign_page(actor, wanted, paging, at=clock.now())


CAMPAIGN: CampaignDetail = CampaignDetail()
CAMPAIGNS = Campaigns()

_NAME = Field("name", _("Name"), required=True)
_DAYS = (
    Field("starts_at", _("Starts"), "moment", required=True),
    Field("ends_at", _("Ends"), "moment", required=True),
)
_GOAL = Field("goal", _("Goal"), "long_text", characters_max=2_000)
_PLACE = Field("jurisdiction", _("Jurisdiction"), "choice", required=True,
               options=list(PLACES.items()), hint=LAW_HINT)  # fmt: skip


class NewCampaign(FormScreen):
    """A new campaign."""

    name = "campaign-new"
    path = "new-campaign"
    title = _("New campaign")
    permission = EDIT
    parent = "campaigns"
    fields = (
        Field("code", _("Code"), required=True, characters_max=64),
        _NAME,
        Field("kind", _("Kind"), required=True, characters_max=32,
              hint=_("Your own word, such as 拉新 or 促活")),
        *_DAYS,
        _GOAL,
        Field("organisation_id", _("Belongs to"), "choice"),
        _PLACE,
    )  # fmt: skip

    def initial(self, actor: Actor, key: Any) -> dict[str, Any]:
        """In mainland China."""
        del actor, key
        return {"jurisdiction": Jurisdiction.MAINLAND.value}

    def form_fields(self, actor: Actor, key: Any) -> Sequence[Field]:
        """With the nodes of one's part, for those who may see them."""
        del key
        nodes = [(str(one.id), one.name) for one in upper_nodes(actor)]
        return [
            one.with_options(nodes) if one.name == "organisation_id" else one for one in self.fields
        ]

    def save(self, doing: Doing, key: Any) -> tuple[Text, str]:
        """Add it."""
        del key
        given: dict[str, Any] = {name: value or "" for name, value in doing.values.items()}
        chosen = given.pop("organisation_id")
        campaign = actions.create_campaign(
            actor=doing.actor, **given, organisation_id=int(chosen) if chosen else None
        )
        return _("The campaign was added."), CAMPAIGN.address(key=campaign.id)

    def home(self, key: Any) -> str:
        """The list."""
        del key
        return CAMPAIGNS.address()


class MoreVouchers(FormScreen):
    """More vouchers of a campaign that was approved: somebody else must agree."""

    name = "campaign-more"
    path = "campaigns/<int:key>/more-vouchers"
    title = _("Ask for more vouchers")
    hint = _("They are minted once somebody else has agreed.")
    permission = EDIT
    parent = "campaigns"
    save_words = _("Hand in for approval")
    fields = (
        Field("batch", _("Batch"), "choice", required=True),
        Field("quantity", _("Quantity"), required=True, characters_max=16),
        REASON,
    )

    def form_fields(self, actor: Actor, key: int) -> Sequence[Field]:
        """With the campaign's batches; raises `campaign_unknown`."""
        campaign = queries.campaign_by_id(actor, key)
        batches = queries.campaign_batches(actor, campaign.id)
        options = [(str(one.id), one.name) for one in batches]
        return [one.with_options(options) if one.name == "batch" else one for one in self.fields]

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Ask for them."""
        request = ask_for_more(
            actor=doing.actor,
            batch_id=int(doing.values["batch"]),
            quantity=doing.values["quantity"],
            reason=doing.values["reason"],
        )
        if holds(doing.actor, APPROVALS_VIEW):
            return _("It was handed in for approval."), APPROVAL.address(key=request.pk)
        return _("It was handed in for approval."), CAMPAIGN.address(key=key)

    def home(self, key: int) -> str:
        """Its campaign."""
        return CAMPAIGN.address(key=key)


class EditCampaign(FormScreen):
    """Another name, other days, another goal."""

    name = "campaign-edit"
    path = "campaigns/<int:key>/edit"
    title = _("Edit the campaign")
    hint = _("Vouchers keep the days that their terms promise.")
    permission = EDIT
    parent = "campaigns"
    fields = (_NAME, *_DAYS, _GOAL, _PLACE)

    def initial(self, actor: Actor, key: int) -> dict[str, Any]:
        """As it is."""
        campaign = queries.campaign_by_id(actor, key)
        return {one.name: getattr(campaign, one.name) for one in self.fields}

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Change it."""
        given: dict[str, Any] = {name: value or "" for name, value in doing.values.items()}
        actions.update_campaign(actor=doing.actor, campaign_id=key, **given)
        return _("The campaign was changed."), CAMPAIGN.address(key=key)

    def home(self, key: int) -> str:
        """Its page."""
        return CAMPAIGN.address(key=key)
