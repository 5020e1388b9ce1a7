"""What is done with a batch's vouchers: made live, handed over, given away, codes brought in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from kaquan.campaigns import queries, supply
from kaquan.campaigns.supply import SerialRange
from kaquan.customers import segments
from kaquan.customers.errors import customer_unknown
from kaquan.customers.queries import VIEW as VIEW_CUSTOMERS
from kaquan.engine.shards import SERIAL_END
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.paging import Paging
from kaquan.foundation.refusals import raise_if_refused
from kaquan.ledger.custody_pages import run_at
from kaquan.ledger.sessions import reading_session
from kaquan.redemption import actions, pool_jobs, pool_uploads, publication_jobs, publications
from kaquan.redemption.imports_pool import PERMISSION as IMPORT_CODES
from kaquan.redemption.pool_uploads import PoolUpload
from kaquan.redemption.recipients import recipient_ids
from kaquan.redemption.visits import Visit
from kaquan.redemption.voucher_listings import run_page
from kaquan.surfaces.console.kit.actions import Doing
from kaquan.surfaces.console.kit.cells import Fact, Text, count, text
from kaquan.surfaces.console.kit.fields import Field
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.lists import Column
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.panels import Facts, Panel, Table
from kaquan.surfaces.console.kit.screens import Call, language_now
from kaquan.surfaces.console.screens.batch_forms import read_quantity
from kaquan.surfaces.console.screens.batches import BATCH, EDIT, request_key
from kaquan.surfaces.console.screens.jobs import JOB
from kaquan.surfaces.console.screens.node_fields import FormFaultError, node_id

FILE_BYTES_MAX = 20_000_000
SHOWN_MAX = 200
_RANGE = (
    Field("first", _("First serial"), required=True, characters_max=16),
    Field("quantity", _("Quantity"), required=True, characters_max=16),
)


class _BatchForm(FormScreen):
    """A form about one batch."""

    parent = "batches"

    def home(self, key: int) -> str:
        """The batch's page."""
        return BATCH.address(key=key)

    def initial(self, actor: Actor, key: int) -> Mapping[str, Any]:
        """Nothing, of a batch that is there; raises `batch_unknown`."""
        queries.batch_by_id(actor, key)
        return {}

    def hint_of(self, call: Call, key: int) -> Text:
        """Which batch it is about."""
        batch = queries.batch_by_id(call.actor, key)
        named = _("Campaign “%(campaign)s”, batch “%(batch)s”.")
        words = str(named) % {"campaign": batch.campaign.name, "batch": batch.name}
        return f"{words} {self.hint}".strip()


def _range_of(values: Mapping[str, Any]) -> SerialRange:
    first = values["first"]
    if not (first.isascii() and first.isdigit() and int(first) < SERIAL_END):
        raise KaquanError("value_invalid", zh="第一个序号：应为整数。",
                          en="First serial: expected a whole number.")  # fmt: skip
    return SerialRange(int(first), read_quantity(values["quantity"]))


def _first_run(actor: Actor, batch_id: int, **wanted: bool | None) -> Mapping[str, Any]:
    """The first run of a batch that fits, as the form proposes it; raises `batch_unknown`."""
    about: dict[str, bool | None] = {"active": None, "allotted": None, **wanted}
    found = run_page(actor, batch_id=batch_id, paging=Paging(limit=1), **about).rows
    if not found:
        return {}
    return {"first": found[0].run.first_serial, "quantity": found[0].run.quantity}


class ActivateVouchers(_BatchForm):
    """Make a run of vouchers live."""

    name = "batch-activate"
    path = "batches/<int:key>/activate"
    title = _("Activate vouchers")
    hint = _("From then on they can be used.")
    permission = EDIT
    save_words = _("Activate")
    fields = _RANGE

    def initial(self, actor: Actor, key: int) -> Mapping[str, Any]:
        """The first run that is not live."""
        queries.batch_by_id(actor, key)
        return _first_run(actor, key, active=False)

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Make them live, once for each form."""
        done = supply.activate(
            actor=doing.actor,
            batch_id=key,
            serials=_range_of(doing.values),
            at=clock.now(),
            request_key=request_key(doing, key),
        )
        words = _("%(number)s vouchers were activated.") % {"number": f"{done.quantity:,}"}
        return words, f"{BATCH.address(key=key)}?tab=custody"


class AllotVouchers(_BatchForm):
    """Hand a run of vouchers over to a store, a region or back."""

    name = "batch-allot"
    path = "batches/<int:key>/allot"
    title = _("Allot vouchers")
    hint = _("From whoever holds them now; a run in several hands is allotted part by part.")
    permission = EDIT
    save_words = _("Allot")
    fields = (
        *_RANGE,
        Field("to", _("To"), "node", hint=_("Name, code or pinyin; empty: back to the batch.")),
    )

    def initial(self, actor: Actor, key: int) -> Mapping[str, Any]:
        """The first run that the batch itself holds."""
        queries.batch_by_id(actor, key)
        return _first_run(actor, key, allotted=False)

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Hand them over, once for each form."""
        serials = _range_of(doing.values)
        run = run_at(reading_session(), serials.first_serial)
        done = supply.allot(
            actor=doing.actor,
            batch_id=key,
            serials=serials,
            organisation_id=node_id(doing.actor, doing.values["to"]) or 0,
            from_organisation_id=run.organisation_id if run else 0,
            at=clock.now(),
            request_key=request_key(doing, key),
        )
        words = _("%(number)s vouchers were allotted.") % {"number": f"{done.quantity:,}"}
        return words, f"{BATCH.address(key=key)}?tab=custody"


class AssignToOne(_BatchForm):
    """Give one customer a voucher."""

    name = "batch-assign"
    path = "batches/<int:key>/assign"
    title = _("Give to one customer")
    permission = actions.ISSUE
    save_words = _("Give")
    fields = (
        Field("member", _("Member number"), required=True, characters_max=64),
        Field("code", _("Voucher code"), characters_max=200),
    )

    def form_fields(self, actor: Actor, key: int) -> Sequence[Field]:
        """With a code where the batch's vouchers have codes."""
        return self.fields if queries.batch_by_id(actor, key).by_code else self.fields[:1]

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Give it, once for each form."""
        number = doing.values["member"]
        if number not in recipient_ids(doing.actor, {number}):
            raise FormFaultError(customer_unknown(number))
        if queries.batch_by_id(doing.actor, key).by_code and not doing.values.get("code"):
            raise KaquanError("value_invalid", zh="请填写券码。", en="Please enter the code.")
        outcome = actions.assign(
            actor=doing.actor,
            batch_id=key,
            visit=Visit(customer_number=number, channel=publications.CHANNEL),
            code=doing.values.get("code"),
            request_key=request_key(doing, key),
            at=clock.now(),
        )
        raise_if_refused([outcome])
        return _("The customer has the voucher."), BATCH.address(key=key)


class GiveToMany(_BatchForm):
    """Give each customer of a list one voucher, in the background."""

    name = "batch-publish"
    path = "batches/<int:key>/publish"
    title = _("Give to many customers")
    hint = _("Under one name each customer gets one voucher, however often a list is sent.")
    permission = actions.ISSUE
    save_words = _("Give")
    fields = (
        Field("name", _("Name"), required=True),
        Field("file", _("List (CSV or XLSX)"), "file",
              hint=_("With a header and a column of member numbers.")),
        Field("segment", _("Or a segment"), "choice"),
    )  # fmt: skip

    def form_fields(self, actor: Actor, key: int) -> Sequence[Field]:
        """With the segments of one's part, for those who may see customers."""
        del key
        found = segments.segments(actor) if holds(actor, VIEW_CUSTOMERS) else []
        options = [(str(one.id), one.name) for one in found]
        return [one.with_options(options) if one.name == "segment" else one for one in self.fields]

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Let a job do it; its page shows how far it is."""
        values = doing.values
        if (values["file"] is None) == (values["segment"] is None):
            raise KaquanError("value_invalid", zh="请上传名单或选择分群（二选一）。",
                              en="Send a list or choose a segment, one of both.")  # fmt: skip
        with transaction.atomic():
            publication = publications.open_publication(
                actor=doing.actor, batch_id=key, name=values["name"], at=clock.now()
            )
            about: dict[str, Any] = {"actor": doing.actor, "publication_id": publication.id}
            if values["segment"] is not None:
                segment_id = int(values["segment"])
                job = publication_jobs.ask_for_segment(**about, segment_id=segment_id)
            else:
                content = _content(values["file"])
                job = publication_jobs.ask_for_assignments(**about, content=content)
        return _("The work was begun; this page shows how far it is."), JOB.address(key=job.id)


class PoolUploadForm(_BatchForm):
    """Codes made elsewhere: a short file is told at once, a long one in the background."""

    name = "batch-pool"
    path = "batches/<int:key>/codes"
    title = _("Bring codes in")
    hint = _("Each new code gets a voucher of its own. Only keyed hashes of codes are kept.")
    permission = IMPORT_CODES
    save_words = _("Bring in")
    fields = (
        Field("file", _("Codes (CSV or XLSX)"), "file", required=True,
              hint=_("One code a row, with the header “code” or “券码”. "
                     "A CSV of up to 10,000 codes is answered at once.")),
        Field("accept_weak", _("Weak codes"), "switch",
              hint=_("Take them even if they could be guessed")),
    )  # fmt: skip

    def answer(self, call: Call, doing: Doing, key: int) -> HttpResponseBase:
        """What became of each code; or the job that tells."""
        file, accept_weak = doing.values["file"], bool(doing.values["accept_weak"])
        codes = _short_list(file)
        if codes is None:
            with transaction.atomic():
                job = pool_jobs.ask_for_pool(
                    actor=doing.actor, batch_id=key, content=file.chunks(),
                    accept_weak=accept_weak,
                )  # fmt: skip
            messages.success(
                call.request, _now("The work was begun; this page shows how far it is.")
            )
            return HttpResponseRedirect(JOB.address(key=job.id))
        told = pool_uploads.upload_codes(
            actor=doing.actor, batch_id=key, codes=codes, at=clock.now(), accept_weak=accept_weak
        )
        context = {
            "heading": queries.batch_by_id(call.actor, key).name,
            "panels": _told(told),
            "back": self.home(key),
        }
        return self.page(call, "console/told.html", context)


def _short_list(file: Any) -> list[str] | None:
    """The codes of a file that is answered at once; None for what a job reads."""
    if file.size > pool_uploads.CODES_MAX * 64:
        return None
    try:
        return pool_uploads.codes_in_csv(file.read())
    except KaquanError:
        file.seek(0)
        return None


def _content(file: Any) -> bytes:
    if file.size > FILE_BYTES_MAX:
        most_mb = FILE_BYTES_MAX // 1_000_000
        raise KaquanError("value_invalid", zh=f"文件太大；最多 {most_mb} MB。",
                          en=f"The file is too large; {most_mb} MB at most.")  # fmt: skip
    content: bytes = file.read()
    return content


def _told(upload: PoolUpload) -> list[Panel]:
    """The four lists; codes are told by their place and never repeated."""
    facts = [
        Fact(_("Taken"), count(len(upload.success))),
        Fact(_("Were there already"), count(len(upload.existing))),
        Fact(_("Repeated in the file"), count(len(upload.duplicates))),
        Fact(_("Not taken"), count(len(upload.failed))),
    ]
    is_zh = language_now() == "zh"
    place = Column[Any]("place", _("Place in the file"), lambda one: count(one[0] + 1), number=True)
    reason = Column[Any]("reason", _("Reason"), lambda one: text(one[1]))
    failed = [
        (one.position, one.reason.zh if is_zh else one.reason.en)
        for one in upload.failed[:SHOWN_MAX]
    ]
    lists: list[tuple[Text, Sequence[Any], tuple[Column[Any], ...]]] = [
        (_("Not taken"), failed, (place, reason)),
        (_("Repeated in the file"), [(one,) for one in upload.duplicates[:SHOWN_MAX]], (place,)),
        (_("Were there already"), [(one,) for one in upload.existing[:SHOWN_MAX]], (place,)),
        (_("Taken"), [(one,) for one in upload.success[:SHOWN_MAX]], (place,)),
    ]
    note = _("The first %(number)s.") % {"number": SHOWN_MAX}
    return [
        Facts("", facts),
        *(
            Table(title, columns, rows, "", note if len(rows) == SHOWN_MAX else "")
            for title, rows, columns in lists
            if rows
        ),
    ]
