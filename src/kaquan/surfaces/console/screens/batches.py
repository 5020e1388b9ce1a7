"""Batches: list, page, more of them, and how they are stopped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from kaquan.budgets.listings import budget_page
from kaquan.campaigns import actions, queries, supply
from kaquan.campaigns.listings import VIEW, BatchFilter, batch_page
from kaquan.campaigns.supply import BatchState
from kaquan.engine.commands import RequestKey
from kaquan.engine.fields import QUANTITY_MAX
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.paging import Page, Paging
from kaquan.foundation.refusals import INTERNAL_CLIENT
from kaquan.ledger.balances import custody_runs
from kaquan.ledger.sessions import reading_session
from kaquan.offers.listings import newest_versions, offer_page
from kaquan.organisations.queries import organisation_names
from kaquan.surfaces.console.kit.actions import Action, Doing
from kaquan.surfaces.console.kit.cells import Cell, Fact, Text, code, count, text
from kaquan.surfaces.console.kit.details import DetailScreen, action_address
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab, Table
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.batch_columns import (
    MINTED,
    NAME,
    OFFER,
    SHORT_COLUMNS,
    STATE,
    STOCK,
    BatchLine,
    batch_lines,
    funnel_of,
)
from kaquan.surfaces.console.screens.campaigns import CAMPAIGN
from kaquan.surfaces.console.screens.changes import changes_tab
from kaquan.surfaces.console.screens.offers import OFFER as OFFER_SCREEN
from kaquan.surfaces.console.words import BATCH_STATES, state

EDIT = actions.PERMISSION
CHOICES_MAX = 200
RUNS_SHOWN = 200
_REASON = Field("reason", _("Reason"), "long_text", required=True, characters_max=1_000)
_WAYS = [("code", _("By code")), ("stock", _("From stock"))]


def request_key(doing: Doing, batch_id: int) -> RequestKey:
    """The ledger's name for what one form asks of one batch."""
    return RequestKey(INTERNAL_CLIENT, f"console:{doing.once}:{batch_id}")


def _set_state(wanted: BatchState) -> Callable[[BatchLine, Doing], Text]:
    def run(line: BatchLine, doing: Doing) -> Text:
        supply.set_batch_state(
            actor=doing.actor,
            batch_id=line.batch.id,
            state=wanted,
            reason=doing.values["reason"] or "",
            at=clock.now(),
            request_key=request_key(doing, line.batch.id),
        )
        words, _tone = BATCH_STATES[wanted]
        return _("Batch “%(name)s”: %(state)s.") % {"name": line.batch.name, "state": words}

    return run


def _asks(words: Text) -> Callable[[BatchLine], Text]:
    return lambda line: (
        str(words)
        % {
            "name": line.batch.name,
            "campaign": line.batch.campaign.name,
        }
    )


BATCH_ACTIONS: tuple[Action[BatchLine], ...] = (
    Action(
        "pause",
        _("Pause"),
        EDIT,
        _asks(_("Pause the batch “%(name)s” of the campaign “%(campaign)s”?")),
        _set_state("paused"),
        fields=(_REASON,),
        danger=True,
        bulk=True,
        offered=lambda line: line.supply.state == "running",
        consequence=_("Nothing of it is issued or used until it runs again."),
    ),
    Action(
        "resume",
        _("Resume"),
        EDIT,
        _asks(_("Let the batch “%(name)s” of the campaign “%(campaign)s” run again?")),
        _set_state("running"),
        fields=(Field("reason", _("Reason"), "long_text", characters_max=1_000),),
        bulk=True,
        offered=lambda line: line.supply.state == "paused",
    ),
    Action(
        "stop",
        _("Stop for good"),
        EDIT,
        _asks(_("Stop the batch “%(name)s” of the campaign “%(campaign)s” for good?")),
        _set_state("stopped"),
        fields=(_REASON,),
        danger=True,
        offered=lambda line: line.supply.state != "stopped",
        consequence=_("Nothing more of it is issued, ever. What was issued can still be used."),
    ),
)


class BatchDetail(DetailScreen[BatchLine]):
    """One batch."""

    name = "batch"
    path = "batches/<int:key>"
    title = _("Batch")
    permission = VIEW
    parent = "batches"
    actions = BATCH_ACTIONS
    links = (("batch-mint", _("Mint more"), EDIT),)

    def subject(self, actor: Actor, key: int) -> BatchLine:
        """The batch; raises `batch_unknown`."""
        return batch_lines([queries.batch_by_id(actor, key)])[0]

    def heading(self, subject: BatchLine) -> str:
        """Its name."""
        return subject.batch.name

    def badges(self, subject: BatchLine) -> Sequence[Cell]:
        """Whether it runs."""
        return [state(BATCH_STATES, subject.supply.state)]

    def shows_link(self, name: str, subject: BatchLine) -> bool:
        """Nothing is minted for a batch that was stopped for good."""
        return name != "batch-mint" or subject.supply.state != "stopped"

    @staticmethod
    def overview(_call: Call, line: BatchLine) -> Sequence[Panel]:
        """Facts and funnel."""
        batch, version = line.batch, line.batch.offer_version
        budget = batch.budget
        facts = [
            Fact(_("Campaign"), text(
                batch.campaign.name, href=CAMPAIGN.address(key=batch.campaign_id))),
            Fact(_("Offer"), text(
                f"{version.offer.name} · v{version.number}",
                href=OFFER_SCREEN.address(key=version.offer_id))),
            Fact(_("Budget"), text(budget.name if budget else _("None"))),
            Fact(_("How it is issued"), text(dict(_WAYS)["code" if batch.by_code else "stock"])),
            Fact(_("Minted"), count(line.supply.minted)),
            Fact(_("Stock left"), count(None if batch.by_code else line.supply.stock_left)),
        ]  # fmt: skip
        return [Facts("", facts), funnel_of(line.figures)]

    @staticmethod
    def custody(call: Call, line: BatchLine) -> Sequence[Panel]:
        """In whose hands its untouched vouchers are."""
        runs = custody_runs(reading_session(), line.batch.id, limit=RUNS_SHOWN)
        names = organisation_names(call.actor, {run.organisation_id for run in runs})
        columns = (
            Column[Any]("first", _("First serial"), lambda r: code(str(r.first_serial))),
            Column[Any]("quantity", _("Quantity"), lambda r: count(r.quantity), number=True),
            Column[Any]("active", _("State"), lambda r: Cell(
                _("Usable") if r.active else _("Not activated"), "badge",
                tone="good" if r.active else "muted")),
            Column[Any]("holder", _("In the hands of"), lambda r: text(
                names.get(r.organisation_id, "—") if r.organisation_id else _("The batch"))),
        )  # fmt: skip
        note = _("The first %(number)s runs.") % {"number": RUNS_SHOWN}
        return [
            Table(_("Custody"), columns, runs, _("No voucher was minted yet."),
                  note if len(runs) == RUNS_SHOWN else "")
        ]  # fmt: skip

    tabs = (
        Tab("overview", _("Overview"), overview),
        Tab("custody", _("Custody"), custody),
        changes_tab("batch"),
    )


class Batches(ListScreen[BatchLine]):
    """All batches of one's part."""

    name = "batches"
    path = "batches"
    title = _("Batches")
    permission = VIEW
    actions = BATCH_ACTIONS
    empty = _("There are no batches yet. A batch is added on the page of its campaign.")
    fields = (
        Field("words", _("Batch or campaign")),
        Field("way", _("How it is issued"), "choice", options=_WAYS),
    )
    columns = (
        NAME,
        Column[BatchLine]("campaign", _("Campaign"), lambda one: text(
            one.batch.campaign.name, href=CAMPAIGN.address(key=one.batch.campaign_id)), wide=True),
        STATE,
        OFFER,
        MINTED,
        STOCK,
        *SHORT_COLUMNS[5:],
    )  # fmt: skip

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[BatchLine]:
        """The batches."""
        by_code = None if values["way"] is None else values["way"] == "code"
        wanted = BatchFilter(words=values["words"], by_code=by_code)
        return batch_page(actor, wanted, paging).mapped(batch_lines)

    def action_address(self, row: BatchLine, action: Action[BatchLine]) -> str:
        """On the batch's own page."""
        return action_address(BATCH, row.id, action)


BATCH: BatchDetail = BatchDetail()
BATCHES = Batches()


def read_quantity(typed: str) -> int:
    """A number of vouchers; raises `value_invalid`."""
    digits = typed.replace(",", "").replace("，", "")
    number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 12 else 0
    if not 1 <= number <= QUANTITY_MAX:
        raise KaquanError(
            "value_invalid",
            zh=f"数量应在 1 到 {QUANTITY_MAX:,} 之间。",
            en=f"The quantity must lie between 1 and {QUANTITY_MAX:,}.",
        )
    return number


class NewBatch(FormScreen):
    """A new batch of a campaign."""

    name = "batch-new"
    path = "campaigns/<int:key>/new-batch"
    title = _("New batch")
    hint = _("The offer's newest version is fixed from then on.")
    permission = EDIT
    parent = "campaigns"
    fields = (
        Field("name", _("Name"), required=True),
        Field("offer", _("Offer"), "choice", required=True),
        Field("quantity", _("Quantity"), required=True, characters_max=16),
        Field("budget", _("Budget"), "choice"),
        Field("way", _("How it is issued"), "choice", options=_WAYS, required=True),
    )

    def form_fields(self, actor: Actor, key: int) -> Sequence[Field]:
        """With the offers and budgets of one's part."""
        queries.campaign_by_id(actor, key)
        paging = Paging(limit=CHOICES_MAX, counts=False)
        offers = offer_page(actor, None, paging).rows
        may_see = holds(actor, "budgets.view")
        budgets = budget_page(actor, None, None, paging).rows if may_see else []
        options = {
            "offer": [(str(one.id), f"{one.name} ({one.code})") for one in offers],
            "budget": [(str(one.id), f"{one.name} ({one.code})") for one in budgets],
        }
        return [
            one.with_options(options[one.name]) if one.name in options else one
            for one in self.fields
        ]

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Define it and mint it."""
        values = doing.values
        offer_id = int(values["offer"])
        batch = actions.add_batch(
            actor=doing.actor,
            campaign_id=key,
            name=values["name"],
            version_id=newest_versions([offer_id])[offer_id].id,
            quantity=read_quantity(values["quantity"]),
            budget_id=int(values["budget"]) if values["budget"] else None,
            by_code=values["way"] == "code",
            at=clock.now(),
        )
        return _("The batch was added."), BATCH.address(key=batch.id)

    def home(self, key: int) -> str:
        """Its campaign."""
        return CAMPAIGN.address(key=key)


class MintMore(FormScreen):
    """More vouchers of a batch."""

    name = "batch-mint"
    path = "batches/<int:key>/mint"
    title = _("Mint more")
    permission = EDIT
    parent = "batches"
    save_words = _("Mint")
    fields = (Field("quantity", _("Quantity"), required=True, characters_max=16),)

    def initial(self, actor: Actor, key: int) -> Mapping[str, Any]:
        """Nothing, of a batch that is there; raises `batch_unknown`."""
        queries.batch_by_id(actor, key)
        return {}

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Mint them, once for each form."""
        minted = supply.mint(
            actor=doing.actor,
            batch_id=key,
            quantity=read_quantity(doing.values["quantity"]),
            at=clock.now(),
            request_key=request_key(doing, key),
        )
        words = _("%(number)s vouchers were minted.") % {"number": f"{minted.quantity:,}"}
        return words, BATCH.address(key=key)

    def home(self, key: int) -> str:
        """Its page."""
        return BATCH.address(key=key)
