"""What an import did, or would do, as people and programs read it."""

from __future__ import annotations

from rich.console import Console

from kaquan.engine.code_strength import StrengthVerdict
from kaquan.foundation.errors import ExitCode
from kaquan.foundation.imports import ImportReport
from kaquan.surfaces.cli.output import plain, show, table


def finish_import(done: ImportReport, *, json: bool, verdict: StrengthVerdict | None = None) -> int:
    """Print the report; rows that were not taken make the exit code 1, what was taken stays."""

    def people(console: Console) -> None:
        _print_summary(done, console)
        if verdict is not None:
            console.print(f"{verdict.zh}\n{verdict.en}")

    value: dict[str, object] = {
        "kind": done.kind,
        "committed": done.committed,
        "rows": done.rows,
        "new": done.new,
        "changed": done.changed,
        "unchanged": done.unchanged,
        "broken": done.broken,
        "ignored_columns": list(done.ignored_columns),
        "errors_file": None if done.errors_path is None else str(done.errors_path),
        "problems": [
            {
                "row": problem.row_number,
                "column": problem.column,
                "value": problem.value,
                "code": problem.reason.code,
                "zh": problem.reason.zh,
                "en": problem.reason.en,
            }
            for problem in done.problems
        ],
    }
    if verdict is not None:
        value["strength"] = {
            "ok": verdict.ok,
            "accepted_weak": verdict.accepted_weak,
            "millibits": verdict.millibits,
            "required_millibits": verdict.required_millibits,
            "minimum_length": verdict.minimum_length,
        }
    show(value, json=json, people=people)
    return ExitCode.FAILED if done.broken else ExitCode.OK


def _print_summary(done: ImportReport, console: Console) -> None:
    zh, en = (
        ("已写入", "written") if done.committed else ("试算，未写入", "dry run, nothing written")
    )
    console.print(f"{done.kind}: {done.rows:,} 行 rows · {zh} · {en}")
    counts = table("新增 new", "更新 changed", "不变 unchanged", "有误 broken", right=(0, 1, 2, 3))
    counts.add_row(*(f"{n:,}" for n in (done.new, done.changed, done.unchanged, done.broken)))
    console.print(counts)
    if done.ignored_columns:
        names = ", ".join(map(plain, done.ignored_columns))
        console.print(f"忽略的列 · ignored columns: {names}")
    if done.problems:
        problems = table("行 row", "列 column", "内容 value", "原因 reason", right=(0,))
        for problem in done.problems:
            reason = f"{problem.reason.zh}\n{problem.reason.en}"
            problems.add_row(
                str(problem.row_number), problem.column, plain(problem.value), plain(reason)
            )
        console.print(problems)
        if done.broken > len(done.problems) and done.errors_path is None:
            console.print("用 --errors FILE.csv 得到全部错误 · all of them: --errors FILE.csv")
    if done.errors_path is not None:
        console.print(f"错误文件 · error file: {done.errors_path}")
    if not done.committed and done.new + done.changed:
        console.print("确认无误后加 --commit 写入 · add --commit to write it")
