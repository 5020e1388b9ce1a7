"""``kaquan codes``: out to the printer, foreign ones in, one looked at; the keys that sign them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from kaquan.engine.codes import CodeFault, DecodedCode, format_code, mask_code
from kaquan.engine.outcome_details import sentence
from kaquan.engine.outcomes import OutcomeCode
from kaquan.engine.signed import is_signed_form
from kaquan.foundation import clock
from kaquan.foundation.errors import ExitCode
from kaquan.surfaces.cli import values
from kaquan.surfaces.cli.installation import open_installation
from kaquan.surfaces.cli.output import Json, show
from kaquan.surfaces.cli.progress import ProgressBar
from kaquan.surfaces.cli.signing_keys import app as signing_keys

app = typer.Typer(
    name="codes",
    help="券码：导出、导入、检查 · Codes: export, import, check",
    no_args_is_help=True,
)
app.add_typer(signing_keys)

_FAULTS = {
    CodeFault.MALFORMED: OutcomeCode.CODE_MALFORMED,
    CodeFault.MISTYPED: OutcomeCode.CODE_MISTYPED,
    CodeFault.FORGED: OutcomeCode.CODE_FORGED,
}


def _tell_written(count: int, file: Path, *, json: bool) -> None:
    def people(console: Console) -> None:
        console.print(f"✓ {count:,} 个券码 · {count:,} codes → {file}", style="green")
        console.print("  持有此文件即持有这些券，请妥善保管。")
        console.print("  Whoever has this file has the vouchers: keep it safe.")

    show({"codes": count, "file": str(file)}, json=json, people=people)


@app.command("export")
def export_command(
    batch: values.Batch,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="FILE.csv | FILE.xlsx")],
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="覆盖已有文件 · replace a file that exists")
    ] = False,
    as_: values.As = None,
    json: Json = False,
) -> None:
    """导出一个批次的全部券码 · Write down every code of a batch."""
    with open_installation(), ProgressBar() as bar:
        from kaquan.redemption.code_files import export_codes

        count = export_codes(
            actor=values.acting(as_),
            batch_id=batch,
            path=file,
            replace=replace,
            progress=lambda done, total: bar.update("写券码", "Writing codes", done, total),
        )
    _tell_written(count, file, json=json)


@app.command("signed")
def signed_command(
    batch: values.Batch,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="FILE.csv")],
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="覆盖已有文件 · replace a file that exists")
    ] = False,
    as_: values.As = None,
    json: Json = False,
) -> None:
    """导出带签名的券码（可离线核销的批次）· Write down codes that a till takes offline."""
    with open_installation(), ProgressBar() as bar:
        from kaquan.offline.code_files import export_signed_codes

        count = export_signed_codes(
            actor=values.acting(as_),
            batch_id=batch,
            path=file,
            replace=replace,
            progress=lambda done, total: bar.update("签名", "Signing codes", done, total),
        )
    _tell_written(count, file, json=json)


@app.command("import")
def import_command(
    batch: values.Batch,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="一列 code · one column: code")],
    *,
    commit: values.Commit = False,
    errors: values.ErrorsFile = None,
    accept_weak: Annotated[
        bool,
        typer.Option(
            "--accept-weak", help="明知容易被猜中也接受 · accept codes that could be guessed"
        ),
    ] = False,
    as_: values.As = None,
    json: Json = False,
) -> int:
    """导入外部券码（先试算，--commit 才写入）· Bring in codes made elsewhere (dry run first)."""
    with open_installation(), ProgressBar() as bar:
        from kaquan.foundation.imports import run_import
        from kaquan.redemption.imports_pool import PoolImport
        from kaquan.surfaces.cli.import_reports import finish_import

        pool = PoolImport(batch, at=clock.now(), accept_weak=accept_weak)
        done = run_import(
            pool.plan,
            file,
            actor=values.acting(as_),
            commit=commit,
            errors_path=errors,
            progress=bar.step,
        )
    return finish_import(done, json=json, verdict=pool.verdict)


@app.command("check")
def check_command(
    code: Annotated[str, typer.Argument(metavar="CODE", help="券码 · the code")],
    json: Json = False,
) -> int:
    """只看写法和防伪，不查数据库 · Look at form and proof only; the database is not asked."""
    from kaquan.redemption.codes import code_book

    if is_signed_form(code):
        return _check_signed(code, json=json)
    found = code_book().decode(code)
    outcome = OutcomeCode.DONE if isinstance(found, DecodedCode) else _FAULTS[found]
    value: dict[str, object] = {"code": outcome.name, "masked": mask_code(code)}
    if isinstance(found, DecodedCode):
        value |= {"serial": found.serial, "key_id": found.key_id, "hand": found.hand}

    def people(console: Console) -> None:
        if isinstance(found, DecodedCode):
            book, key_id = code_book(), found.key_id
            written = format_code(book.encode(found.serial, found.hand, key_id=key_id))
            console.print(f"✓ 真码 · a code of ours  {written}", style="green")
            console.print(f"  序号 serial {found.serial}")
            if found.hand:
                console.print(f"  第 {found.hand} 次转赠后 · after transfer {found.hand}")
        else:
            console.print(f"✗ {outcome.name}", style="red")
            console.print(sentence(outcome, {}, "zh"))
            console.print(sentence(outcome, {}, "en"))

    show(value, json=json, people=people)
    return ExitCode.OK if outcome is OutcomeCode.DONE else ExitCode.FAILED


def _check_signed(code: str, *, json: bool) -> int:
    from kaquan.redemption.signed_keys import read_signed_code

    found = read_signed_code(code)
    outcome = _FAULTS[found] if isinstance(found, CodeFault) else OutcomeCode.DONE
    value: dict[str, object] = {"code": outcome.name, "masked": mask_code(code)}
    if not isinstance(found, CodeFault):
        value |= {
            "serial": found.serial,
            "key_id": found.key_id,
            "offer_version": found.offer_version,
            "value_fen": found.value_fen,
            "first_day": str(found.first_day),
            "last_day": str(found.last_day),
        }

    def people(console: Console) -> None:
        if isinstance(found, CodeFault):
            console.print(f"✗ {outcome.name}", style="red")
            console.print(sentence(outcome, {}, "zh"))
            console.print(sentence(outcome, {}, "en"))
            return
        console.print("✓ 我们签名的券码 · a code that we signed", style="green")
        console.print(f"  序号 serial {found.serial}  {found.first_day} – {found.last_day}")

    show(value, json=json, people=people)
    return ExitCode.OK if outcome is OutcomeCode.DONE else ExitCode.FAILED
