"""``kaquan``: everything that can be done from a terminal."""

from __future__ import annotations

import io
import signal
import sys
from collections.abc import Sequence
from importlib.metadata import version
from types import FrameType
from typing import Annotated, NoReturn

import typer

from kaquan.foundation.changes.origin import coming_from
from kaquan.foundation.errors import ExitCode
from kaquan.surfaces.cli import codes, jobs, keys, replay, staff
from kaquan.surfaces.cli.bench import bench
from kaquan.surfaces.cli.claim import claim
from kaquan.surfaces.cli.config import config
from kaquan.surfaces.cli.demo import demo
from kaquan.surfaces.cli.doctor import doctor
from kaquan.surfaces.cli.exit_codes import Ending, exit_code_table
from kaquan.surfaces.cli.failures import report_failure
from kaquan.surfaces.cli.imports import import_table
from kaquan.surfaces.cli.migrate import migrate
from kaquan.surfaces.cli.mint import mint
from kaquan.surfaces.cli.prove import prove
from kaquan.surfaces.cli.redeem import redeem, reverse
from kaquan.surfaces.cli.sandbox import OPTION, run_in_sandbox
from kaquan.surfaces.cli.show import show
from kaquan.surfaces.cli.up import up

app = typer.Typer(
    name="kaquan",
    add_completion=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=exit_code_table(),
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"kaquan {version('kaquan')}")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="版本 · the version")
    ] = False,
    _sandbox: Annotated[
        bool,
        typer.Option(
            OPTION,
            help="改在沙箱里执行，写在命令前后均可 · run it in the sandbox; may stand anywhere",
        ),
    ] = False,
) -> None:
    """卡券：全国性卡券发行系统，账目可自证 · Cards and vouchers whose books prove themselves."""


_HANDLING = "发行与使用 · Issue and use"
_RUNNING = "运行 · Operation"

app.command(rich_help_panel=_HANDLING)(mint)
app.add_typer(codes.app, rich_help_panel=_HANDLING)
app.command(rich_help_panel=_HANDLING)(claim)
app.command(rich_help_panel=_HANDLING)(redeem)
app.command(rich_help_panel=_HANDLING)(reverse)
app.command(rich_help_panel=_HANDLING)(show)
app.command("import", rich_help_panel=_HANDLING)(import_table)

app.command(rich_help_panel=_RUNNING)(up)
app.command(rich_help_panel=_RUNNING)(demo)
app.add_typer(replay.app, rich_help_panel=_RUNNING)
app.add_typer(keys.app, rich_help_panel=_RUNNING)
app.add_typer(staff.app, rich_help_panel=_RUNNING)
app.add_typer(jobs.app, rich_help_panel=_RUNNING)
app.command(rich_help_panel=_RUNNING)(prove)
app.command(rich_help_panel=_RUNNING)(doctor)
app.command(rich_help_panel=_RUNNING)(config)
app.command(rich_help_panel=_RUNNING)(migrate)
app.command(rich_help_panel=_RUNNING, context_settings={"ignore_unknown_options": True})(bench)


class _TerminatedError(BaseException):
    """SIGTERM, turned into something that lets every `finally` run."""


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit code. Whatever happens, the person gets a sentence."""
    wants_json = "--json" in arguments
    try:
        if OPTION in arguments:
            return run_in_sandbox([one for one in arguments if one != OPTION])
        with coming_from("cli"):
            ending = app(list(arguments) or ["--help"], prog_name="kaquan", standalone_mode=False)
        return int(ending or 0) if arguments else ExitCode.USAGE
    except _TerminatedError:
        return Ending.TERMINATED
    except BrokenPipeError:
        # Whoever read our output has seen enough; a second failure while flushing is of no use.
        sys.stdout = io.StringIO()
        return 0
    except (Exception, KeyboardInterrupt) as error:
        return report_failure(error, json=wants_json)


def run() -> NoReturn:
    """The program ``kaquan``."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A console that knows no Chinese shows escapes instead of ending us.
            stream.reconfigure(errors="backslashreplace")
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(main(sys.argv[1:]))


def _terminate(_number: int, _frame: FrameType | None) -> None:
    raise _TerminatedError
