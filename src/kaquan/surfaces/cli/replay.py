"""``kaquan replay``: real retail data through the same importers and the same door."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console

from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.surfaces.cli.exit_codes import Ending
from kaquan.surfaces.cli.installation import open_installation, report
from kaquan.surfaces.cli.output import Json, show
from kaquan.surfaces.cli.progress import ProgressBar

if TYPE_CHECKING:
    from kaquan.surfaces.demo.journey_report import ReplayReport

app = typer.Typer(
    name="replay",
    help="用真实零售数据重放 · Replay real retail data",
    no_args_is_help=True,
)


@app.callback()
def replay() -> None:
    """用真实零售数据重放 · Replay real retail data."""


@app.command("complete-journey")
def complete_journey(
    *,
    html: Annotated[
        Path | None,
        typer.Option(
            "--report", metavar="FILE.html", help="把报告写入此文件 · write a report here"
        ),
    ] = None,
    json: Json = False,
) -> int:
    """一家零售商的一年：2,469 户、27 场活动 · A retailer's year: 2,469 households, 27 campaigns."""
    if html is not None and not html.absolute().parent.is_dir():
        raise KaquanError(
            "file_unwritable",
            zh=f"无法写报告 {html}：文件夹不存在。",
            en=f"The report {html} cannot be written: there is no such folder.",
            exit_code=ExitCode.USAGE,
        )
    with open_installation(), ProgressBar() as bar:
        from kaquan.surfaces.demo.complete_journey import replay_complete_journey
        from kaquan.surfaces.demo.journey_html import write_report
        from kaquan.surfaces.demo.journey_tables import report_tables

        done: ReplayReport = replay_complete_journey(progress=bar.step)
        if html is not None:
            write_report(done, html)
            report(f"报告已写入 {html}", f"the report is in {html}")

        def people(console: Console) -> None:
            for one in report_tables(done):
                console.print(one)
                console.print()
            sign = "✓ 账目无误 · the books hold together"
            console.print(sign if done.proof.ok else "✗ 账目有误 · the books are wrong")
            for fault in done.proof.faults:
                console.print(f"  {fault}", style="red")

        show(msgspec.to_builtins(done), json=json, people=people)
    return ExitCode.OK if done.proof.ok else Ending.PROOF_FOUND_A_FAULT
