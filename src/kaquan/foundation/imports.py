"""Bringing a table in: first a dry run that tells what would happen, then the same for good.

A plan says which columns there are and who takes the rows. A row that cannot be taken is reported
with its number, column and reason and never holds up the others; a table brought in twice changes
nothing the second time.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path
from types import NoneType
from typing import Any, NamedTuple, Protocol

from kaquan.foundation.actor import Actor, require
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.imports_cells import REQUIRED, BadCellError, Read, Reason
from kaquan.foundation.imports_problems import (
    Problem,
    ProblemLog,
    as_row,
    problem_sheet,
    refuse_unwritable,
    shown,
)
from kaquan.foundation.tables import open_table

CHUNK_ROWS = 5_000
PROBLEMS_SHOWN = 20
_REMEMBERED_MAX = 100_000
_REMEMBERED_CHARACTERS_MAX = 64
UNREADABLE_ROW = Reason(
    "unreadable_row",
    "此行无法读取：引号不成对，或单元格过长",
    "the row cannot be read: a quote is not closed, or a cell is too long",
)
TOO_MANY_CELLS = Reason(
    "too_many_cells",
    "此行比表头多出内容；可能有未加引号的分隔符",
    "the row has more cells than the header; is there a separator without quotes?",
)

Source = Path | Iterable[Mapping[str, object]]
"""A file, or rows of a program: the plan's column names with values."""

ImportRow = dict[str, Any]
"""A checked row: a value or None for each column of the plan, and its `row_number`."""


class Step(NamedTuple):
    """What an import is doing, in words for a progress bar."""

    zh: str
    en: str


READING = Step("读取", "Reading")
CHECKING = Step("核对", "Checking")
WRITING = Step("写入", "Writing")

Progress = Callable[[Step, int, int | None], None]
"""Takes the step, how much of it is done and how much there is (None: not known)."""


def no_progress(step: Step, done: int, total: int | None) -> None:
    """For callers that show none."""


class Column(NamedTuple):
    """One column; `sensitive` content is never repeated in an error file."""

    name: str
    zh: str
    read: Read
    required: bool = False
    also: tuple[str, ...] = ()
    sensitive: bool = False

    @property
    def title(self) -> str:
        """The column as people know it."""
        return f"{self.zh} {self.name}"


class Counts(NamedTuple):
    """How many rows are new, change something, or change nothing."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0


class Intake(Protocol):
    """Takes the rows of one import; nothing is written before `commit` unless it says otherwise."""

    def take(self, rows: list[ImportRow]) -> list[Problem]:
        """The next rows; those with a problem are left out."""

    def check(self) -> Iterable[Problem]:
        """After the last row: the problems that show only now, in the order of the rows."""

    def count(self) -> Counts:
        """What the rows without a problem mean; called after `check`."""

    def commit(self) -> None:
        """Write them; called after `count`, and not in a dry run."""


class OpenIntake(Protocol):
    """Starts an import; leaving the context without error makes it last."""

    def __call__(self, *, actor: Actor, commit: bool) -> AbstractContextManager[Intake]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPlan:
    """One kind of table, such as that of the stores."""

    kind: str
    zh: str
    en: str
    permission: str
    columns: Sequence[Column]
    open_intake: OpenIntake


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did, or in a dry run would do. `problems` are the first few."""

    kind: str
    committed: bool
    rows: int
    new: int
    changed: int
    unchanged: int
    broken: int
    problems: tuple[Problem, ...]
    ignored_columns: tuple[str, ...]
    errors_path: Path | None


def run_import(
    plan: ImportPlan,
    source: Source,
    *,
    actor: Actor,
    commit: bool = False,
    errors_path: Path | None = None,
    progress: Progress = no_progress,
) -> ImportReport:
    """Import a file or rows; without `commit` nothing changes and the report tells what would.

    The error file is written only if there is something to say; `errors_path` of the report tells
    whether it was. Raises `permission_denied`, `error_file_unwritable`, `import_header_invalid`,
    `import_empty` and what `open_table` raises; then nothing has changed.
    """
    require(actor, plan.permission)
    if errors_path is not None:
        refuse_unwritable(errors_path)
    with (
        _open_source(source, plan) as opened,
        closing(ProblemLog()) as log,
        plan.open_intake(actor=actor, commit=commit) as intake,
    ):
        rows_read = 0
        meanings = [_Meanings(column) for column in plan.columns]
        for chunk in _chunks(opened.rows):
            rows, problems = _read_cells(chunk, meanings)
            log.add([*problems, *intake.take(rows)])
            rows_read += len(chunk)
            progress(READING, *opened.progress(rows_read))
        progress(CHECKING, 0, None)
        log.add_late(intake.check())
        broken, first_problems = _write_problems(log, plan, errors_path)
        counts = intake.count()
        assert sum(counts) + broken == rows_read, (counts, broken, rows_read)
        if commit:
            progress(WRITING, 0, None)
            intake.commit()
    return ImportReport(
        kind=plan.kind,
        committed=commit,
        rows=rows_read,
        **counts._asdict(),
        broken=broken,
        problems=first_problems,
        ignored_columns=opened.ignored_columns,
        errors_path=errors_path if broken else None,
    )


class _RawRow(NamedTuple):
    number: int
    cells: Sequence[object]  # in the order of the plan's columns
    fault: Reason | None = None


class _OpenSource(NamedTuple):
    rows: Iterator[_RawRow]
    ignored_columns: tuple[str, ...]
    progress: Callable[[int], tuple[int, int | None]]


@contextmanager
def _open_source(source: Source, plan: ImportPlan) -> Iterator[_OpenSource]:
    if not isinstance(source, Path):
        names = [column.name for column in plan.columns]
        rows = (
            _RawRow(number, [row.get(name) for name in names])
            for number, row in enumerate(source, start=1)
        )
        yield _OpenSource(rows, (), lambda rows_read: (rows_read, None))
        return
    with open_table(source) as table:
        rows_with_header = table.rows()
        header = next(rows_with_header, None)
        if header is None or header.cells is None:
            raise _empty()
        places, ignored = _match_header(header.cells, plan)
        width = len(header.cells)
        # The place after the last stands for a column that the file does not have.
        wanted = [width if place is None else place for place in places]
        # Of a single place, itemgetter gives what stands there and not a tuple of it.
        pick = (
            itemgetter(*wanted) if len(wanted) > 1 else itemgetter(slice(wanted[0], wanted[0] + 1))
        )
        rows = (_arrange(number, cells, pick, width) for number, cells in rows_with_header)
        yield _OpenSource(rows, ignored, lambda _rows_read: table.progress())


def _arrange(
    number: int, cells: list[str] | None, pick: Callable[[Any], Sequence[object]], width: int
) -> _RawRow:
    if cells is None:
        return _RawRow(number, (), UNREADABLE_ROW)
    if len(cells) < width:
        cells += [""] * (width - len(cells))
    elif len(cells) > width:
        if "".join(cells[width:]).strip():
            return _RawRow(number, (), TOO_MANY_CELLS)
        del cells[width:]
    return _RawRow(number, pick([*cells, None]))


def _match_header(
    cells: Sequence[str], plan: ImportPlan
) -> tuple[list[int | None], tuple[str, ...]]:
    """Where each column of the plan stands in the file, and the titles that mean nothing to it."""
    titles = [_folded(cell) for cell in cells]
    places: list[int | None] = []
    missing, doubled = [], []
    for column in plan.columns:
        names = {_folded(name) for name in (column.name, column.zh, column.title, *column.also)}
        found = [place for place, title in enumerate(titles) if title in names]
        places.append(found[0] if found else None)
        if column.required and not found:
            missing.append(column)
        if len(found) > 1:
            doubled.append(column)
    if missing or doubled:
        raise _header_invalid(plan, missing, doubled)
    ignored = [cell for place, cell in enumerate(cells) if place not in places and cell.strip()]
    return places, tuple(map(shown, ignored))


def _folded(title: str) -> str:
    """A title without what people vary: case, width, blanks, underscores, stars for "required"."""
    folded = unicodedata.normalize("NFKC", title).casefold()
    return "".join(c for c in folded if not c.isspace() and c not in "_*-\ufeff")


def _chunks(rows: Iterator[_RawRow]) -> Iterator[list[_RawRow]]:
    while chunk := list(islice(rows, CHUNK_ROWS)):
        yield chunk


class _Meanings(dict[str | None, object]):
    """What the texts of one column mean; most of them come again and again."""

    def __init__(self, column: Column) -> None:
        super().__init__()
        self.column = column

    def of(self, cells: Sequence[object]) -> list[object]:
        """A value for each cell, None for an empty one, a `Reason` for a wrong one."""
        if len(self) > _REMEMBERED_MAX:
            self.clear()
        if set(map(type, cells)) <= {str, NoneType}:
            return list(map(self.__getitem__, cells))  # type: ignore[arg-type]
        # A program's own values: as keys, 1 and True and Decimal(1) would be the same.
        return [self._read(cell) for cell in cells]

    def __missing__(self, cell: str | None) -> object:
        value = self._read(cell)
        if cell is None or len(cell) <= _REMEMBERED_CHARACTERS_MAX:
            self[cell] = value
        return value

    def _read(self, cell: object) -> object:
        if cell is None or (isinstance(cell, str) and (not cell or cell.isspace())):
            return REQUIRED if self.column.required else None
        try:
            return self.column.read(cell)
        except BadCellError as error:
            return error.reason


def _read_cells(
    chunk: Sequence[_RawRow], meanings: Sequence[_Meanings]
) -> tuple[list[ImportRow], list[Problem]]:
    """The rows whose every cell is right, and what is wrong with the others."""
    readable = [raw for raw in chunk if raw.fault is None]
    problems = [Problem(raw.number, "", "", raw.fault) for raw in chunk if raw.fault is not None]
    cells_by_column = list(zip(*(raw.cells for raw in readable), strict=True))
    values_by_column = [
        meaning.of(cells)
        for meaning, cells in zip(meanings, cells_by_column, strict=bool(readable))
    ]
    wrong_rows = set()
    for meaning, cells, values in zip(meanings, cells_by_column, values_by_column, strict=False):
        if Reason in set(map(type, values)):
            for raw, cell, value in zip(readable, cells, values, strict=True):
                if isinstance(value, Reason):
                    wrong_rows.add(raw.number)
                    problems.append(refusal(raw.number, meaning.column, cell, value))
    names = ["row_number", *(meaning.column.name for meaning in meanings)]
    numbers = [raw.number for raw in readable]
    rows = [
        dict(zip(names, values, strict=True))
        for values in zip(numbers, *values_by_column, strict=True)
        if values[0] not in wrong_rows
    ]
    return rows, problems


def refusal(row_number: int, column: Column, cell: object, reason: Reason) -> Problem:
    """The problem of one cell."""
    value = "***" if column.sensitive else shown("" if cell is None else cell)
    return Problem(row_number, column.name, value, reason)


def _write_problems(
    log: ProblemLog, plan: ImportPlan, errors_path: Path | None
) -> tuple[int, tuple[Problem, ...]]:
    """How many rows have a problem, and the first problems; all of them go into the error file."""
    titles = {column.name: column.title for column in plan.columns}
    problems = iter(log)
    first = list(islice(problems, PROBLEMS_SHOWN))
    if not first:
        return 0, ()
    broken, last_number = 0, 0
    with problem_sheet(errors_path) if errors_path else nullcontext() as sheet:
        for problem in chain(first, problems):
            broken += problem.row_number != last_number
            last_number = problem.row_number
            if sheet is not None:
                sheet.writerow(as_row(problem, titles.get(problem.column, "")))
    return broken, tuple(first)


def _empty() -> KaquanError:
    # Nothing of the path: an upload lies under a name of ours.
    return KaquanError(
        "import_empty",
        zh="文件里没有内容；第一行应为表头。",
        en="The file holds nothing; its first row should be the header.",
        exit_code=ExitCode.USAGE,
    )


def _header_invalid(
    plan: ImportPlan, missing: Sequence[Column], doubled: Sequence[Column]
) -> KaquanError:
    required = "、".join(column.title for column in plan.columns if column.required)
    faults_zh = [f"缺少列：{column.title}" for column in missing]
    faults_zh += [f"列重复：{column.title}" for column in doubled]
    faults_en = [f"missing: {column.name}" for column in missing]
    faults_en += [f"twice: {column.name}" for column in doubled]
    return KaquanError(
        "import_header_invalid",
        zh=f"表头不符（{plan.zh}）：{'；'.join(faults_zh)}。第一行应为表头，必填列：{required}。",
        en=f"The header does not fit ({plan.en}): {'; '.join(faults_en)}. The first row must be "
        f"the header; required columns: {required}.",
        exit_code=ExitCode.USAGE,
    )
