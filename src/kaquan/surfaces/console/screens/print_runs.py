"""Print runs: ordered on a batch's page, their files, and what stands for all of their vouchers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.campaigns.queries import batch_by_id
from kaquan.custody import actions as custody
from kaquan.custody.permissions import SUPPLY
from kaquan.foundation.actor import Actor
from kaquan.foundation.jobs.queries import job_by_id
from kaquan.foundation.paging import Page, Paging
from kaquan.printing import faces, runs
from kaquan.printing.models import PrintRun
from kaquan.printing.sheets import SERIAL_DIGITS
from kaquan.redemption.code_files import PERMISSION
from kaquan.surfaces.console.kit.actions import Action, Doing
from kaquan.surfaces.console.kit.cells import Cell, Fact, Text, code, count, moment, text
from kaquan.surfaces.console.kit.details import DetailScreen, action_address
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab, Table
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.kit.secrets import Revealed, Secret, SecretFormScreen
from kaquan.surfaces.console.screens.batch_forms import read_quantity
from kaquan.surfaces.console.screens.batches import BATCH
from kaquan.surfaces.console.screens.changes import changes_tab
from kaquan.surfaces.console.screens.jobs import JOB
from kaquan.surfaces.console.words import JOB_STATES, state


def _again(run: PrintRun, doing: Doing) -> Text:
    runs.make_again(actor=doing.actor, run_id=run.id)
    over = runs.passed_on(run)
    if over:
        return _("The files are being made once more; they have the same bytes. %(number)s of the "
                 "vouchers were passed on since: what is printed of them is over."
                 ) % {"number": f"{over:,}"}  # fmt: skip
    return _("The files are being made once more; they have the same bytes.")


def _count(run: PrintRun, doing: Doing) -> Text:
    for first, quantity in run.ranges:
        custody.printed(
            actor=doing.actor,
            print_run_id=run.id,
            batch_id=run.batch_id,
            first_serial=first,
            last_serial=first + quantity - 1,
            quantity=quantity,
            request_key=f"{run.id}:{first}",
            hand_out_first=bool(doing.values["hand_out_first"]),
        )
    return _("The vouchers are counted as paper from now on, and dead until they are activated.")


RUN_ACTIONS: tuple[Action[PrintRun], ...] = (
    Action(
        "again",
        _("Make the files again"),
        PERMISSION,
        lambda run: _("Make the files of print run %(number)s once more?") % {"number": run.id},
        _again,
        consequence=_("Whoever holds the file holds the vouchers."),
    ),
    Action(
        "count",
        _("Count as paper"),
        SUPPLY,
        lambda run: _("Count the %(pieces)s vouchers of print run %(number)s as paper?")
        % {"pieces": f"{run.quantity:,}", "number": run.id},
        _count,
        fields=(
            Field("hand_out_first", _("Good for use only once a store handed them out"), "switch"),
        ),
        consequence=_("They are dead until they were received and activated, and from then on each "
                      "lies in one place."),
    ),
)  # fmt: skip


def _number(run: PrintRun) -> Cell:
    return text(f"#{run.id}", href=RUN.address(key=run.id))


def _serial(number: int) -> Cell:
    return code(f"{number:0{SERIAL_DIGITS}d}")


class RunDetail(DetailScreen[PrintRun]):
    """One run."""

    name = "print-run"
    path = "print-runs/<int:key>"
    title = _("Print run")
    permission = PERMISSION
    parent = "print-runs"
    actions = RUN_ACTIONS

    def subject(self, actor: Actor, key: int) -> PrintRun:
        """The run; raises `print_run_unknown`."""
        return runs.run_by_id(actor, key)

    def heading(self, subject: PrintRun) -> str:
        """Its number and batch."""
        return f"#{subject.id} · {subject.batch.name}"

    @staticmethod
    def facts(call: Call, run: PrintRun) -> Sequence[Panel]:
        """What was ordered, where the files are, and their hashes."""
        job = job_by_id(call.actor, run.job_id) if run.job_id else None
        facts = [
            Fact(_("Campaign"), text(run.batch.campaign.name)),
            Fact(_("Batch"), text(run.batch.name, href=BATCH.address(key=run.batch_id))),
            Fact(_("Paper layout"), text(run.face_name)),
            Fact(_("Quantity"), count(run.quantity)),
            Fact(_("Ordered"), moment(run.created_at)),
            Fact(_("By"), text(run.created_by)),
            Fact(_("Files"), state(JOB_STATES, job.state) if job else text("")),
            Fact(_("Download"), _download(job)),
            Fact(_("Merkle root"), code(run.merkle_root)),
        ]
        ranges = [
            Column[Any]("first", _("First serial"), lambda one: _serial(one[0])),
            Column[Any]("last", _("Last serial"), lambda one: _serial(one[0] + one[1] - 1)),
            Column[Any]("number", _("Quantity"), lambda one: count(one[1]), number=True),
        ]
        files = [
            Column[Any]("name", _("File"), lambda one: text(one[0])),
            Column[Any]("about", _("Serials"), lambda one: text(one[1]), wide=True),
            Column[Any]("sha256", _("SHA-256"), lambda one: code(one[2]), wide=True),
        ]
        none_yet = _("The files are not made yet.")
        return [
            Facts("", facts),
            Table(_("Serials"), ranges, run.ranges, ""),
            Table(_("Files"), files, run.files, none_yet),
        ]

    tabs = (Tab("facts", _("Print run"), facts), changes_tab("print_run"))


RUN = RunDetail()


def _download(job: Any) -> Cell:
    if job is None:
        return text("")
    if job.file:
        return text(job.file, href=reverse("console:job-file", kwargs={"key": job.id}))
    return text(_("How far it is"), href=JOB.address(key=job.id))


class Runs(ListScreen[PrintRun]):
    """All runs of one's part, the last first."""

    name = "print-runs"
    path = "print-runs"
    title = _("Print runs")
    permission = PERMISSION
    actions = RUN_ACTIONS
    links = (("print-faces", _("Paper layouts"), PERMISSION),)
    empty = _("Nothing was printed yet; a run is ordered on a batch's page.")
    columns = (
        Column[PrintRun]("number", _("Print run"), _number),
        Column[PrintRun]("batch", _("Batch"), lambda one: text(
            one.batch.name, href=BATCH.address(key=one.batch_id))),
        Column[PrintRun]("quantity", _("Quantity"), lambda one: count(one.quantity), number=True),
        Column[PrintRun]("layout", _("Paper layout"), lambda one: text(one.face_name), wide=True),
        Column[PrintRun]("ordered", _("Ordered"), lambda one: moment(one.created_at), wide=True),
        Column[PrintRun]("by", _("By"), lambda one: text(one.created_by), wide=True),
    )  # fmt: skip

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[PrintRun]:
        """The runs."""
        del values
        return runs.run_page(actor, paging)

    def action_address(self, row: PrintRun, action: Action[PrintRun]) -> str:
        """On the run's own page."""
        return action_address(RUN, row.id, action)


class OrderRun(SecretFormScreen):
    """Order the next vouchers of a batch on paper."""

    name = "batch-print"
    path = "batches/<int:key>/print"
    title = _("Print vouchers")
    permission = PERMISSION
    parent = "batches"
    save_words = _("Order")
    fields = (
        Field("face", _("Paper layout"), "choice", required=True),
        Field("quantity", _("Quantity"), required=True, characters_max=16,
              hint=_("The next serials that no run has; at most 50,000 at once.")),
        Field("with_list", _("Also a list of the codes, for a printer who sets them himself"),
              "switch", hint=_("As an Excel file and as a CSV in a ZIP; one password opens both "
                               "and is shown once.")),
    )  # fmt: skip

    def form_fields(self, actor: Actor, key: int) -> Sequence[Field]:
        """With the layouts of one's part."""
        del key
        options = [(str(one.id), one.name) for one in faces.faces(actor)]
        return [one.with_options(options) if one.name == "face" else one for one in self.fields]

    def hint_of(self, call: Call, key: int) -> Text:
        """Which batch it is about; and what is missing where there is no layout."""
        batch = batch_by_id(call.actor, key)
        words = _("Campaign “%(campaign)s”, batch “%(batch)s”.") % {
            "campaign": batch.campaign.name, "batch": batch.name}  # fmt: skip
        if faces.faces(call.actor):
            return words
        return f"{words} {_('There is no layout yet: make one under “Paper layouts” first.')}"

    def initial(self, actor: Actor, key: int) -> Mapping[str, Any]:
        """Nothing, of a batch that is there; raises `batch_unknown`."""
        batch_by_id(actor, key)
        return {}

    def reveal(self, doing: Doing, key: int) -> Revealed:
        """Order it; a password is shown once."""
        values = doing.values
        ordered = runs.order_run(
            actor=doing.actor,
            batch_id=key,
            face_id=int(values["face"]),
            quantity=read_quantity(values["quantity"]),
            with_list=bool(values["with_list"]),
        )
        secrets = [] if ordered.password is None else [
            Secret(_("Password of the list"), ordered.password)]  # fmt: skip
        return Revealed(
            done=_("Print run %(number)s was ordered; its files are being made.")
            % {"number": ordered.run.id},
            secrets=secrets,
            advice=_("Tell the printer the password by another way than the file.")
            if secrets else "",
            onward=[(RUN.address(key=ordered.run.id), _("Open the print run"))],
        )  # fmt: skip

    def home(self, key: int) -> str:
        """The batch's page."""
        return BATCH.address(key=key)


RUNS = Runs()
