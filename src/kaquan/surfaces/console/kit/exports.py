"""A list as a file, made in the background in the name of whoever asked, within the same scope."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from django.http import QueryDict
from django.utils import translation

from kaquan.foundation.actor import Actor, require
from kaquan.foundation.jobs import actions, exports
from kaquan.foundation.jobs.actors import from_json
from kaquan.foundation.jobs.models import Job
from kaquan.foundation.paging import ROWS_MAX, Paging
from kaquan.organisations.issuer_settings import EXPORT_ROWS_MAX, issuer_setting
from kaquan.surfaces.console.kit.cells import Text
from kaquan.surfaces.console.kit.fields import read_all

if TYPE_CHECKING:
    from kaquan.surfaces.console.kit.lists import ListScreen

KIND = "console.list"
QUERY_CHARACTERS_MAX = 4_000
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_LANGUAGES = ("zh-hans", "en")


def start(actor: Actor, *, screen: str, title: Text, permission: str, asked: QueryDict) -> Job:
    """Ask for a list as a file; who may see the list may see the file."""
    titles = {}
    for language in _LANGUAGES:
        with translation.override(language):
            titles[language] = str(title)
    return actions.start(
        actor=actor,
        kind=KIND,
        title_zh=f"导出：{titles['zh-hans']}",
        title_en=f"Export: {titles['en']}",
        parameters={
            "screen": screen,
            "permission": permission,
            "query": asked.urlencode(),
            "language": translation.get_language() or _LANGUAGES[0],
        },
    )


def writer(screen_named: Callable[[str], ListScreen[Any]]) -> Callable[[Job], dict[str, Any]]:
    """The function that does such jobs, for those lists."""

    def write(job: Job) -> dict[str, Any]:
        asked = job.parameters
        screen, actor = screen_named(asked["screen"]), from_json(job.actor)
        require(actor, screen.permission)
        name = f"{screen.name}.csv"
        rows = 0
        with translation.override(asked["language"]), exports.new_file(job.id, name) as file:
            text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
            sheet = csv.writer(text)
            sheet.writerow([str(column.title) for column in screen.columns])
            for line in _lines(screen, actor, QueryDict(asked["query"])):
                sheet.writerow(map(_safe, line))
                rows += 1
                actions.progress(job.id, rows, None)
            text.detach()  # written out, and left open for whoever opened it
        actions.finish(job.id, {"rows": rows}, exports.path_of(job.id, name))
        return {"rows": rows}

    return write


def _lines(screen: ListScreen[Any], actor: Actor, asked: QueryDict) -> Iterator[list[str]]:
    values, _ = read_all(screen.query_fields(actor), asked)
    after, left = "", int(issuer_setting(EXPORT_ROWS_MAX.name))
    while left:
        paging = Paging(asked.get("sort", ""), after, limit=min(left, ROWS_MAX), counts=False)
        found = screen.page_of(actor, values, paging)
        for row in found.rows:
            yield [column.cell(row).plain for column in screen.columns]
        left -= len(found.rows)
        after = found.after
        if not after:
            return


def _safe(text: str) -> str:
    """A spreadsheet takes what begins like a formula for one."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
