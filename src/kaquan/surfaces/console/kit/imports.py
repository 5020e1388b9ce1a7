"""Bringing a table in by a page: the file, what would happen, and then, once that was seen, that.

The file waits between the two in a private folder, for a day, under a name that only whoever sent
it knows; nobody else can bring it in.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from pathlib import Path
from typing import Any, ClassVar

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.imports import ImportPlan, ImportReport, run_import
from kaquan.foundation.private_files import make_folder
from kaquan.surfaces.console.kit.cells import Fact, Text, code, count, listed, text
from kaquan.surfaces.console.kit.fields import Field, Filled
from kaquan.surfaces.console.kit.lists import Column
from kaquan.surfaces.console.kit.panels import Facts, Panel, Table
from kaquan.surfaces.console.kit.screens import Call, Screen, in_words, language_now

BYTES_MAX = 20 * 1024 * 1024
KEPT_S = 24 * 3_600
_NAME = re.compile(r"[0-9a-f]{12}-[0-9a-f]{32}\.(?:csv|xlsx)")
_FILE = Field("file", _("File"), "file", required=True, hint=_("CSV or XLSX, at most 20 MB."))


class ImportScreen(Screen):
    """A screen that brings a table in; a subclass says which plan."""

    plan: ClassVar[ImportPlan]
    save_words: ClassVar[Text] = _("Try it")
    #: What a table of this kind may say, in a sentence or two.
    advice: ClassVar[Text] = ""

    def home(self) -> str:
        """Where what was brought in is seen."""
        raise NotImplementedError

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """The form; for POST a trial of the file or, with its name, the import for good."""
        del key
        wanted = call.request.GET.get("refused", "")
        if wanted:
            return self._refused(call.actor, wanted)
        if call.request.method != "POST":
            return self._page(call)
        try:
            kept = call.request.POST.get("kept", "")
            return self._carry_out(call, kept) if kept else self._try(call)
        except KaquanError as error:
            if error.exit_code is ExitCode.PERMISSION_DENIED:
                raise
            return self._page(call, error=in_words(error), status=409)

    def _try(self, call: Call) -> HttpResponseBase:
        sent = call.request.FILES.get("file")
        if sent is None:
            return self._page(call, error=gettext("Please choose a file."), status=422)
        suffix = Path(sent.name or "").suffix.lower()
        if suffix not in (".csv", ".xlsx") or (sent.size or 0) > BYTES_MAX:
            return self._page(
                call, error=gettext("A CSV or XLSX file of at most 20 MB."), status=422
            )
        path = _new_path(call.actor, suffix)
        with path.open("wb") as file:
            for chunk in sent.chunks():
                file.write(chunk)
        path.chmod(0o600)
        errors = path.with_name(f"{path.name}.refused.csv")
        report = run_import(self.plan, path, actor=call.actor, errors_path=errors)
        return self._page(call, report=report, kept=path.name, file_name=str(sent.name))

    def _carry_out(self, call: Call, kept: str) -> HttpResponseBase:
        path = _kept_path(call.actor, kept)
        if path is None:
            return self._page(
                call, error=gettext("The file is not here any more; send it again."), status=409
            )
        report = run_import(self.plan, path, actor=call.actor, commit=True)
        for one in (path, path.with_name(f"{path.name}.refused.csv")):
            one.unlink(missing_ok=True)
        done = gettext("Brought in: %(new)s new, %(changed)s changed, %(refused)s refused.")
        numbers = {"new": report.new, "changed": report.changed, "refused": report.broken}
        messages.success(call.request, done % numbers)
        return HttpResponseRedirect(self.home())

    def _refused(self, actor: Actor, wanted: str) -> HttpResponseBase:
        path = _kept_path(actor, wanted)
        errors = path and path.with_name(f"{path.name}.refused.csv")
        if errors is None or not errors.exists():
            raise Http404
        return FileResponse(
            errors.open("rb"),
            as_attachment=True,
            filename=f"{self.plan.kind}-refused.csv",
            content_type="text/csv; charset=utf-8",
        )

    def _page(
        self,
        call: Call,
        *,
        report: ImportReport | None = None,
        kept: str = "",
        file_name: str = "",
        error: str = "",
        status: int = 200,
    ) -> HttpResponseBase:
        context = {
            "field": Filled(_FILE),
            "columns": [(one.title, one.required) for one in self.plan.columns],
            "panels": self._panels(report, file_name) if report else [],
            "kept": kept,
            "does_something": bool(report and report.new + report.changed),
            "has_refused": bool(report and report.errors_path),
            "home": self.home(),
            "error": error,
        }
        return self.page(call, "console/import.html", context, status=status)

    def _panels(self, report: ImportReport, file_name: str) -> list[Panel]:
        titles = {one.name: one.title for one in self.plan.columns}
        facts = [
            Fact(_("File"), text(file_name)),
            Fact(_("Rows"), count(report.rows)),
            Fact(_("New"), count(report.new)),
            Fact(_("Rows changed"), count(report.changed)),
            Fact(_("As they are"), count(report.unchanged)),
            Fact(_("Refused"), count(report.broken)),
            Fact(_("Columns that mean nothing here"), text(listed(report.ignored_columns))),
        ]
        columns = (
            Column[Any]("row", _("Row"), lambda one: count(one.row_number), number=True),
            Column[Any]("column", _("Column"), lambda one: text(
                titles.get(one.column, one.column))),
            Column[Any]("value", _("Content"), lambda one: code(one.value)),
            Column[Any]("reason", _("Why not"), lambda one: text(
                one.reason.zh if language_now() == "zh" else one.reason.en)),
        )  # fmt: skip
        problems = Table(
            _("Rows that are refused"), columns, report.problems, _("No row is refused.")
        )
        return [Facts(_("What would happen"), facts), problems]


def _folder() -> Path:
    folder = current_configuration().home / "uploads"
    make_folder(folder)
    return folder


def _owner(actor: Actor) -> str:
    return hashlib.sha256(actor.id.encode()).hexdigest()[:12]


def _new_path(actor: Actor, suffix: str) -> Path:
    folder = _folder()
    oldest_s = clock.now().timestamp() - KEPT_S
    for one in folder.iterdir():
        if one.is_file() and one.stat().st_mtime < oldest_s:
            one.unlink(missing_ok=True)
    path = folder / f"{_owner(actor)}-{secrets.token_hex(16)}{suffix}"
    path.touch(mode=0o600)
    return path


def _kept_path(actor: Actor, name: str) -> Path | None:
    if not _NAME.fullmatch(name) or not name.startswith(f"{_owner(actor)}-"):
        return None
    path = _folder() / name
    return path if path.exists() else None
