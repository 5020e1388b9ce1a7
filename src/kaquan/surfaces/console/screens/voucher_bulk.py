"""The same thing done to each voucher of a file: sent, checked, looked at, carried out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.approvals.queries import VIEW as VIEW_APPROVALS
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.paging import Page, Paging
from kaquan.redemption import bulk_care
from kaquan.redemption.authority import CARE, ROWS_MAX
from kaquan.redemption.bulk_listings import (
    DONE,
    VIEW,
    bulk_by_id,
    bulk_page,
    bulk_rows,
    carried_out_before,
)
from kaquan.redemption.models import BulkCare, BulkCareRow, BulkState
from kaquan.surfaces.console.kit.actions import Action, Doing
from kaquan.surfaces.console.kit.cells import (
    Cell,
    Fact,
    Text,
    badge,
    code,
    count,
    last_moment,
    moment,
    money,
    text,
)
from kaquan.surfaces.console.kit.details import DetailScreen, action_address
from kaquan.surfaces.console.kit.fields import Field, Values, day_end
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab, Table
from kaquan.surfaces.console.kit.screens import Call, language_now
from kaquan.surfaces.console.screens.jobs import JOB
from kaquan.surfaces.console.words import OPERATIONS, Words, state

ROWS_SHOWN = 200
STATES: Words = {
    BulkState.CHECKING: (_("Being checked"), "info"),
    BulkState.CHECKED: (_("Checked"), "warn"),
    BulkState.WAITING: (_("Waits for approval"), "warn"),
    BulkState.WORKING: (_("Working"), "info"),
    BulkState.DONE: (_("Done"), "good"),
    BulkState.UNREADABLE: (_("Not readable"), "bad"),
    BulkState.DROPPED: (_("Given up"), "muted"),
}
WHAT = [
    ("freeze", _("Freeze")),
    ("unfreeze", _("Unfreeze")),
    ("void", _("Void")),
    ("extend", _("Extend")),
]
_WHAT = dict(WHAT)


def _asks(words: Text) -> Callable[[BulkCare], Text]:
    return lambda bulk: (
        str(words)
        % {
            "what": _WHAT[bulk.operation],
            "number": f"{bulk.doable_count:,}",
            "file": bulk.file_name,
        }
    )


def _carry_out(bulk: BulkCare, doing: Doing) -> Text:
    bulk_care.carry_out(actor=doing.actor, bulk_id=bulk.id)
    return _("The work was begun; this page shows how far it is.")


def _ask(bulk: BulkCare, doing: Doing) -> Text:
    bulk_care.ask_for(actor=doing.actor, bulk_id=bulk.id)
    return _("It was handed in for approval.")


def _go_on(bulk: BulkCare, doing: Doing) -> Text:
    bulk_care.go_on(actor=doing.actor, bulk_id=bulk.id)
    return _("The work goes on.")


def _drop(bulk: BulkCare, doing: Doing) -> Text:
    bulk_care.drop(actor=doing.actor, bulk_id=bulk.id)
    return _("The file was given up; nothing was done.")


def _is_ready(bulk: BulkCare) -> bool:
    return bulk.state == BulkState.CHECKED and bulk.doable_count > 0


BULK_ACTIONS: tuple[Action[BulkCare], ...] = (
    Action(
        "carry-out",
        _("Carry out"),
        CARE,
        _asks(_("%(what)s the %(number)s vouchers of the file “%(file)s”?")),
        _carry_out,
        danger=True,
        offered=lambda bulk: _is_ready(bulk) and bulk.doable_count <= ROWS_MAX,
    ),
    Action(
        "ask",
        _("Hand in for approval"),
        CARE,
        _asks(_("Ask to %(what)s the %(number)s vouchers of the file “%(file)s”?")),
        _ask,
        offered=_is_ready,
        consequence=_("It is carried out once it is approved."),
    ),
    Action(
        "go-on",
        _("Go on"),
        CARE,
        _asks(_("Go on with the file “%(file)s”?")),
        _go_on,
        offered=lambda bulk: bulk.state == BulkState.WORKING and bulk_care.has_ended(bulk),
        consequence=_("What is done stays done and is not done twice."),
    ),
    Action(
        "drop",
        _("Give up"),
        CARE,
        _asks(_("Give the file “%(file)s” up?")),
        _drop,
        offered=lambda bulk: bulk.state in (BulkState.CHECKED, BulkState.CHECKING),
    ),
)


def _sentence(row: BulkCareRow) -> Cell:
    is_zh = language_now() == "zh"
    if row.outcome:
        return text(row.outcome_zh if is_zh else row.outcome_en)
    return text(row.planned_zh if is_zh else row.planned_en)


def _verdict(row: BulkCareRow) -> Cell:
    if row.outcome:
        return badge(_("Done"), "good") if row.outcome == DONE else badge(_("Refused"), "bad")
    if row.planned == DONE:
        return badge(_("Can be done"), "info")
    return badge(_("Cannot be done"), "warn")


def _serial(row: BulkCareRow) -> Cell:
    if row.serial is None:
        return text("")
    if row.planned == "voucher_unknown":
        return code(str(row.serial))
    return code(str(row.serial), href=reverse("console:voucher", kwargs={"key": row.serial}))


ROW_COLUMNS: tuple[Column[Any], ...] = (
    Column[BulkCareRow]("row", _("Row"), lambda one: count(one.row_number), number=True),
    Column[BulkCareRow]("serial", _("Serial"), _serial),
    Column[BulkCareRow]("verdict", _("Result"), _verdict),
    Column[BulkCareRow]("reason", _("Reason"), _sentence),
    Column[BulkCareRow]("stake", _("Worth"), lambda one: money(one.stake_fen or None),
                        number=True, wide=True),
)  # fmt: skip


def _rows(only: str) -> Callable[[Call, BulkCare], Sequence[Panel]]:
    def panels(call: Call, bulk: BulkCare) -> Sequence[Panel]:
        found = bulk_rows(call.actor, bulk.id, only=only, paging=Paging(limit=ROWS_SHOWN))
        note = _("The first %(number)s; the job's file has those that cannot be done.")
        more = str(note) % {"number": ROWS_SHOWN} if found.after else ""
        return [Table("", ROW_COLUMNS, found.rows, _("There is no such row."), more)]

    return panels


class BulkDetail(DetailScreen[BulkCare]):
    """One file, and what becomes of it."""

    name = "voucher-bulk"
    path = "vouchers/bulk/<int:key>"
    title = _("Vouchers by a file")
    permission = VIEW
    parent = "voucher-bulks"
    actions = BULK_ACTIONS

    def subject(self, actor: Actor, key: int) -> BulkCare:
        """The file; raises `bulk_unknown`."""
        return bulk_by_id(actor, key)

    def heading(self, subject: BulkCare) -> str:
        """What is done, and the file's name."""
        return f"{_WHAT[subject.operation]} · {subject.file_name}"

    def badges(self, subject: BulkCare) -> Sequence[Cell]:
        """Where it stands."""
        return [state(STATES, subject.state)]

    @staticmethod
    def overview(call: Call, bulk: BulkCare) -> Sequence[Panel]:
        """How many, how much, by whom; and whether the same file was worked off before."""
        before = carried_out_before(call.actor, bulk) if bulk.digest else None
        facts = [
            Fact(_("Rows"), count(bulk.row_count)),
            Fact(_("Can be done"), count(bulk.doable_count)),
            Fact(_("Worth"), money(bulk.stake_fen)),
            Fact(_("Done"), count(bulk.done_count)),
            Fact(_("Refused"), count(bulk.refused_count)),
            Fact(_("Good until"), last_moment(bulk.valid_until)),
            Fact(_("Reason"), text(bulk.reason)),
            Fact(_("Asked for by"), text(bulk.made_by_name)),
            Fact(_("Asked for"), moment(bulk.created_at)),
            Fact(_("Ended"), moment(bulk.ended_at)),
            Fact(_("Job"), _job(bulk)),
            Fact(_("Approval"), _approval(call, bulk)),
            Fact(_("The same file before"), text(
                f"#{before.id}" if before else "",
                href=BULK.address(key=before.id) if before else "")),
        ]  # fmt: skip
        return [Facts("", facts)]

    tabs = (
        Tab("overview", _("Overview"), overview),
        Tab("doable", _("What would happen"), _rows("doable")),
        Tab("not-doable", _("What cannot be done"), _rows("not_doable")),
        Tab("refused", _("Refused when it came to it"), _rows("refused")),
    )


def _job(bulk: BulkCare) -> Cell:
    job = bulk_care.job_of(bulk)
    if job is None:
        return text("")
    done, total = job.progress_done, job.progress_total
    words = _("Ended") if job.ended else f"{done:,} / {total:,}" if total else _("Waiting")
    return text(words, href=JOB.address(key=job.id))


def _approval(call: Call, bulk: BulkCare) -> Cell:
    if bulk.approval_id is None:
        return text("")
    named = f"#{bulk.approval_id}"
    may_see = holds(call.actor, VIEW_APPROVALS)
    href = reverse("console:approval", kwargs={"key": bulk.approval_id}) if may_see else ""
    return text(named, href=href)


class Bulks(ListScreen[BulkCare]):
    """Files of one's part, the newest first."""

    name = "voucher-bulks"
    path = "vouchers/bulk"
    title = _("Vouchers by files")
    permission = VIEW
    actions = BULK_ACTIONS
    creates = ("voucher-bulk-new", _("New file"), CARE)
    empty = _("No file was sent yet.")
    fields = (
        Field("operation", _("What"), "choice", options=WHAT),
        Field("state", _("State"), "choice",
              options=[(str(name), words) for name, (words, _tone) in STATES.items()]),
    )  # fmt: skip
    columns = (
        Column[BulkCare]("file", _("File"), lambda one: text(
            one.file_name, href=BULK.address(key=one.id))),
        Column[BulkCare]("what", _("What"), lambda one: badge(*OPERATIONS[one.operation])),
        Column[BulkCare]("state", _("State"), lambda one: state(STATES, one.state)),
        Column[BulkCare]("rows", _("Rows"), lambda one: count(one.row_count), number=True),
        Column[BulkCare]("doable", _("Can be done"), lambda one: count(one.doable_count),
                         number=True, wide=True),
        Column[BulkCare]("done", _("Done"), lambda one: count(one.done_count), number=True),
        Column[BulkCare]("by", _("Asked for by"), lambda one: text(one.made_by_name), wide=True),
        Column[BulkCare]("at", _("Asked for"), lambda one: moment(one.created_at), wide=True),
    )  # fmt: skip

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[BulkCare]:
        """The files."""
        return bulk_page(actor, operation=values["operation"], state=values["state"], paging=paging)

    def action_address(self, row: BulkCare, action: Action[BulkCare]) -> str:
        """On the file's own page."""
        return action_address(BULK, row.id, action)


class NewBulk(FormScreen):
    """A file of codes or serials, and what is to be done to each."""

    name = "voucher-bulk-new"
    path = "vouchers/bulk/new"
    title = _("Vouchers by a file")
    hint = _("Nothing is done yet: each row is tried first, and you see what would happen.")
    permission = CARE
    parent = "voucher-bulks"
    save_words = _("Check")
    fields = (
        Field("operation", _("What"), "choice", options=WHAT, required=True),
        Field("until", _("Good until"), "day", hint=_("To extend only")),
        Field("reason", _("Reason"), "long_text", required=True, characters_max=1_000),
        Field("file", _("File (CSV or XLSX)"), "file", required=True,
              hint=_("With a header and a column “code” (券码) or “serial” (序号).")),
    )  # fmt: skip

    def save(self, doing: Doing, key: Any) -> tuple[Text, str]:
        """Let it be checked."""
        del key
        values = doing.values
        file = values["file"]
        if file.size > bulk_care.FILE_BYTES_MAX:
            raise KaquanError("value_invalid", zh="文件太大；最多 20 MB。",
                              en="The file is too large; 20 MB at most.")  # fmt: skip
        bulk = bulk_care.start_check(
            actor=doing.actor,
            operation=values["operation"],
            reason=values["reason"],
            valid_until=day_end(values["until"]),
            file_name=PurePath(file.name).name[:200],
            content=file.chunks(),
            at=clock.now(),
        )
        return _("The file is being checked."), BULK.address(key=bulk.id)

    def home(self, key: Any) -> str:
        """The list."""
        del key
        return BULKS.address()


BULK: BulkDetail = BulkDetail()
BULKS = Bulks()
