"""Batches: list, page, and how they are stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from kaquan.campaigns import actions, queries, supply
from kaquan.campaigns.listings import VIEW, BatchFilter, batch_page
from kaquan.campaigns.supply import BatchState
from kaquan.engine.commands import RequestKey
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Page, Paging
from kaquan.foundation.refusals import INTERNAL_CLIENT
from kaquan.redemption import code_files, code_jobs, publications
from kaquan.redemption.actions import ISSUE
from kaquan.redemption.imports_pool import PERMISSION as IMPORT_CODES
from kaquan.redemption.queries import TRACE
from kaquan.redemption.voucher_listings import ending_soon, run_page
from kaquan.surfaces.console.kit.actions import Action, Doing
from kaquan.surfaces.console.kit.cells import (
    Cell,
    Fact,
    Text,
    count,
    local_text,
    moment,
    text,
)
from kaquan.surfaces.console.kit.details import DetailScreen, action_address
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab, Table, last_of
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
from kaquan.surfaces.console.screens.limit_columns import channel_panels
from kaquan.surfaces.console.screens.offers import OFFER as OFFER_SCREEN
from kaquan.surfaces.console.screens.recent import recent_events
from kaquan.surfaces.console.screens.runs import RUN_COLUMNS, RUNS
from kaquan.surfaces.console.screens.voucher_lists import VOUCHERS
from kaquan.surfaces.console.words import BATCH_STATES, state

EDIT = actions.PERMISSION
RUNS_SHOWN = 50
PUBLICATIONS_SHOWN = 50
SOON = timedelta(days=30)
_REASON = Field("reason", _("Reason"), "long_text", required=True, characters_max=1_000)
WAYS = [("code", _("By code")), ("stock", _("From stock"))]


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


def _write_codes(line: BatchLine, doing: Doing) -> Text:
    code_jobs.ask_for_code_file(actor=doing.actor, batch_id=line.id)
    return _("The codes are being written; the file will be in the download centre.")


EXPORT_CODES: Action[BatchLine] = Action(
    "export-codes",
    _("Export codes"),
    code_files.PERMISSION,
    _asks(_("Write every code of the batch “%(name)s” of the campaign “%(campaign)s” to a file?")),
    _write_codes,
    offered=lambda line: line.batch.by_code and line.supply.minted > 0,
    consequence=_("Whoever holds the file holds the vouchers."),
)


class BatchDetail(DetailScreen[BatchLine]):
    """One batch."""

    name = "batch"
    path = "batches/<int:key>"
    title = _("Batch")
    permission = VIEW
    parent = "batches"
    actions = (*BATCH_ACTIONS, EXPORT_CODES)
    links = (
        ("batch-mint", _("Mint more"), EDIT),
        ("batch-improve-terms", _("Improve issued terms"), EDIT),
        ("batch-activate", _("Activate"), EDIT),
        ("batch-allot", _("Allot"), EDIT),
        ("batch-print", _("Print"), code_files.PERMISSION),
        ("batch-pool", _("Bring codes in"), IMPORT_CODES),
        ("batch-digital", _("Digital batch"), EDIT),
        ("batch-assign", _("Give to one"), ISSUE),
        ("batch-publish", _("Give to many"), ISSUE),
    )

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
        """Nothing is minted or given of a batch that was stopped for good or only planned; codes
        are brought in where vouchers have codes, and stock is given to many."""
        if subject.supply.state == "planned":
            return False
        if name == "batch-improve-terms":
            return True
        if name in ("batch-activate", "batch-allot"):
            return subject.supply.minted > 0
        is_open = subject.supply.state != "stopped"
        if name == "batch-print":
            return is_open and subject.batch.by_code and subject.supply.minted > 0
        if name in ("batch-pool", "batch-digital"):
            return is_open and subject.batch.by_code
        return is_open and (name != "batch-publish" or not subject.batch.by_code)

    @staticmethod
    def overview(call: Call, line: BatchLine) -> Sequence[Panel]:
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
            Fact(_("How it is issued"), text(dict(WAYS)["code" if batch.by_code else "stock"])),
            Fact(_("Minted"), count(line.supply.minted)),
            Fact(_("Stock left"), count(None if batch.by_code else line.supply.stock_left)),
        ]  # fmt: skip
        if holds(call.actor, TRACE):
            facts.append(
                Fact(_("Ends within %(days)s days") % {"days": SOON.days}, _soon(call, line))
            )
        return [
            Facts("", facts),
            funnel_of(line.figures, line),
            *channel_panels(call, batch),
            *recent_events(call, [line.id]),
        ]

    @staticmethod
    def custody(call: Call, line: BatchLine) -> Sequence[Panel]:
        """In whose hands its vouchers are."""
        paging = Paging(limit=RUNS_SHOWN)
        found = run_page(call.actor, batch_id=line.id, active=None, allotted=None, paging=paging)
        there = text(_("All runs"), href=RUNS.of_batch(line.id)) if found.after else text("")
        note: Text = _("Vouchers that nothing has happened to have no page of their own.")
        if sum(one.run.quantity for one in found.rows) > line.supply.minted:
            note = _(
                "Serials are set aside by the full group: those beyond what was minted are "
                "given to nobody. Vouchers that nothing has happened to have no page of their own."
            )
        return [
            Table(_("Custody"), RUN_COLUMNS, found.rows, _("No voucher was minted yet."), note),
            *([Facts("", [Fact(_("More"), there)])] if found.after else []),
        ]

    @staticmethod
    def given(call: Call, line: BatchLine) -> Sequence[Panel]:
        """Under which names it was given to lists of customers."""
        rows = publications.publications(call.actor, batch_id=line.id, limit=PUBLICATIONS_SHOWN)
        columns = (
            Column[Any]("name", _("Name"), lambda one: text(one.name)),
            Column[Any]("begun", _("Begun"), lambda one: moment(one.created_at)),
        )
        note: Text = _("A name gives each customer one voucher, however often its list is sent.")
        note = last_of(rows, PUBLICATIONS_SHOWN, note)
        return [Table(_("Given to lists"), columns, rows, _("It was given to no list yet."), note)]

    tabs = (
        Tab("overview", _("Overview"), overview, follows=lambda line: (line.id,)),
        Tab("custody", _("Custody"), custody, TRACE),
        Tab("given", _("Given"), given, ISSUE),
        changes_tab("batch"),
    )


def _soon(call: Call, line: BatchLine) -> Cell:
    now = clock.now()
    number, is_more = ending_soon(call.actor, line.id, now, now + SOON)
    days = [local_text(at)[:10] for at in (now, now + SOON)]
    there = VOUCHERS.of_batch(line.id, stage="usable", ends_from=days[0], ends_until=days[1])
    return Cell(f"{number:,}{'+' if is_more else ''}", "number", there)


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
        Field("way", _("How it is issued"), "choice", options=WAYS),
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
