"""An intake that gathers rows in a temporary table, then compares and writes them in whole sets."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple, Protocol

from django.db import DatabaseError, connection, transaction
from django.db.backends.utils import CursorWrapper
from psycopg import errors

from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.imports import Counts, ImportRow, OpenIntake
from kaquan.foundation.imports_cells import Reason
from kaquan.foundation.imports_problems import Problem, shown

DUPLICATE = Reason(
    "duplicate_row",
    "与前面的某一行重复，以前面的为准",
    "an earlier row has the same key; the earlier one counts",
)
_WORK_MEMORY = "128MB"  # a year of order lines is compared within it
_PROBLEMS_PER_FETCH = 2_000
_DISTURBANCES = (errors.IntegrityError, errors.DeadlockDetected, errors.LockNotAvailable)


class Resolve(Protocol):
    """Completes a chunk of rows in place and takes out those that it gives a problem for."""

    def __call__(self, rows: list[ImportRow], *, actor: Actor, commit: bool) -> list[Problem]: ...


class Check(NamedTuple):
    """Which staged rows to refuse: the query gives their `row_number` and the value at fault."""

    column: str
    reason: Reason
    sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Staging:
    """How rows of one kind get into the temporary table ``staged`` and from there to their place.

    `resolve` is for what Python knows better, such as ids for codes and sealed values. `key` tells
    rows apart; a repeated one is reported for its column `key[0]`. `prepare` runs before the
    checks. `judge` is a query for all of ``staged`` and a `verdict` on each row: new, changed or
    unchanged; its result becomes the table ``judged`` that `write` writes from. Checks may use
    ``%(scope)s``: the path of the actor's part of the organisation.
    """

    columns: Sequence[tuple[str, str]]
    key: Sequence[str]
    resolve: Resolve | None = None
    prepare: Sequence[str] = ()
    checks: Sequence[Check] = ()
    judge: str
    write: Callable[[CursorWrapper, Actor], None]


def staged(staging: Staging) -> OpenIntake:
    """What an `ImportPlan` starts such an import with: one transaction from first row to last."""

    @contextmanager
    def open_intake(*, actor: Actor, commit: bool) -> Iterator[_StagedIntake]:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                yield _StagedIntake(staging, cursor, actor=actor, commit=commit)
        except DatabaseError as error:
            if isinstance(error.__cause__, _DISTURBANCES):
                raise _disturbed() from error
            raise

    return open_intake


class _StagedIntake:
    """See `kaquan.foundation.imports.Intake`."""

    def __init__(
        self, staging: Staging, cursor: CursorWrapper, *, actor: Actor, commit: bool
    ) -> None:
        self._staging = staging
        self._cursor = cursor
        self._actor = actor
        self._commit = commit
        names = ["row_number", *(name for name, _ in staging.columns)]
        self._pick = itemgetter(*names)
        self._copy = f"COPY staged ({', '.join(names)}) FROM STDIN"
        columns = ", ".join(f"{name} {kind}" for name, kind in staging.columns)
        self._run(
            f"SET LOCAL work_mem = '{_WORK_MEMORY}'",
            "DROP TABLE IF EXISTS pg_temp.staged, pg_temp.staged_problem, pg_temp.judged",
            f"CREATE TEMPORARY TABLE staged (row_number integer, {columns}) ON COMMIT DROP",
            "CREATE TEMPORARY TABLE staged_problem (row_number integer, column_name text,"
            " value text, code text, zh text, en text) ON COMMIT DROP",
        )

    def take(self, rows: list[ImportRow]) -> list[Problem]:
        problems: list[Problem] = []
        if self._staging.resolve is not None:
            problems = self._staging.resolve(rows, actor=self._actor, commit=self._commit)
        with self._cursor.copy(self._copy) as copy:
            for row in rows:
                copy.write_row(self._pick(row))
        return problems

    def check(self) -> Iterator[Problem]:
        # Nobody else analyses a temporary table, and a plan for an empty one takes hours.
        self._run("ANALYZE staged", *self._staging.prepare)
        for check in (self._duplicates(), *self._staging.checks):
            self._cursor.execute(
                "INSERT INTO staged_problem"  # noqa: S608 - composed of our own texts
                " SELECT broken.row_number, %(column)s, broken.value, %(code)s, %(zh)s, %(en)s"
                f" FROM ({check.sql}) AS broken (row_number, value)",
                {"scope": self._actor.organisation_path}
                | {"column": check.column, "code": check.reason.code}
                | {"zh": check.reason.zh, "en": check.reason.en},
            )
        self._run(
            "DELETE FROM staged USING staged_problem"
            " WHERE staged.row_number = staged_problem.row_number"
        )
        return self._problems()

    def count(self) -> Counts:
        self._run(
            f"CREATE TEMPORARY TABLE judged ON COMMIT DROP AS {self._staging.judge}",
            "ANALYZE judged",
            "SELECT verdict, count(*) FROM judged GROUP BY verdict",
        )
        return Counts(**dict(self._cursor.fetchall()))

    def commit(self) -> None:
        self._staging.write(self._cursor, self._actor)

    def _duplicates(self) -> Check:
        key = ", ".join(self._staging.key)
        return Check(
            self._staging.key[0],
            DUPLICATE,
            f"SELECT staged.row_number, {self._staging.key[0]}::text FROM staged"  # noqa: S608
            f" JOIN (SELECT {key}, min(row_number) AS first_row FROM staged"
            f"       GROUP BY {key} HAVING count(*) > 1) AS repeated USING ({key})"
            " WHERE staged.row_number > repeated.first_row",
        )

    def _problems(self) -> Iterator[Problem]:
        with connection.connection.cursor("staged_problems") as cursor:
            cursor.itersize = _PROBLEMS_PER_FETCH
            cursor.execute("SELECT * FROM staged_problem ORDER BY row_number")
            for row_number, column, value, *reason in cursor:
                yield Problem(row_number, column, shown(value or ""), Reason(*reason))

    def _run(self, *statements: str) -> None:
        for statement in statements:
            self._cursor.execute(statement)


def _disturbed() -> KaquanError:
    return KaquanError(
        "import_disturbed",
        zh="导入期间有人改动了相同的数据，已全部撤回；请再导入一次。",
        en="Someone changed the same data meanwhile and all was taken back; import again.",
    )
