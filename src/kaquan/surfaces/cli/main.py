"""``kaquan``: everything that can be done from a terminal."""

from __future__ import annotations

import io
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from types import FrameType
from typing import Annotated, Any, NamedTuple, NoReturn

import typer

from kaquan.foundation.changes.origin import coming_from
from kaquan.foundation.errors import ExitCode
from kaquan.surfaces.cli.exit_codes import Ending, exit_code_table

SANDBOX = "--sandbox"


class Command(NamedTuple):
    """Where a command is; ``within`` names a function there, or an app of several commands."""

    name: str
    module: str
    within: str
    panel: str
    settings: dict[str, Any] | None = None


_HANDLING = "发行与使用 · Issue and use"
_RUNNING = "运行 · Operation"
COMMANDS = (
    Command("mint", "mint", "mint", _HANDLING),
    Command("codes", "codes", "app", _HANDLING),
    Command("print", "prints", "app", _HANDLING),
    Command("claim", "claim", "claim", _HANDLING),
    Command("redeem", "redeem", "redeem", _HANDLING),
    Command("reverse", "redeem", "reverse", _HANDLING),
    Command("show", "show", "show", _HANDLING),
    Command("import", "imports", "import_table", _HANDLING),
    Command("up", "up", "up", _RUNNING),
    Command("demo", "demo", "demo", _RUNNING),
    Command("replay", "replay", "app", _RUNNING),
    Command("keys", "keys", "app", _RUNNING),
    Command("staff", "staff", "app", _RUNNING),
    Command("jobs", "jobs", "app", _RUNNING),
    Command("prove", "prove", "prove", _RUNNING),
    Command("doctor", "doctor", "doctor", _RUNNING),
    Command("config", "config", "config", _RUNNING),
    Command("migrate", "migrate", "migrate", _RUNNING),
    Command("bench", "bench", "bench", _RUNNING, {"ignore_unknown_options": True}),
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"kaquan {version('kaquan')}")
        raise typer.Exit


def root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="版本 · the version")
    ] = False,
    _sandbox: Annotated[
        bool,
        typer.Option(
            SANDBOX,
            help="改在沙箱里执行，写在命令前后均可 · run it in the sandbox; may stand anywhere",
        ),
    ] = False,
) -> None:
    """卡券：全国性卡券发行系统，账目可自证 · Cards and vouchers whose books prove themselves."""


def build_app(only: str = "") -> typer.Typer:
    """``kaquan`` with the command of this name, or with all where there is none.

    What a command needs is imported here: that of all takes longer than most commands do.
    """
    app = typer.Typer(
        name="kaquan",
        add_completion=False,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog=exit_code_table(),
    )
    app.callback()(root)
    for command in [one for one in COMMANDS if one.name == only] or COMMANDS:
        found = getattr(import_module(f"kaquan.surfaces.cli.{command.module}"), command.within)
        if isinstance(found, typer.Typer):
            app.add_typer(found, rich_help_panel=command.panel)
        else:
            app.command(
                command.name, rich_help_panel=command.panel, context_settings=command.settings
            )(found)
    return app


class _TerminatedError(BaseException):
    """SIGTERM, turned into something that lets every `finally` run."""


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit code. Whatever happens, the person gets a sentence."""
    wants_json = "--json" in arguments
    try:
        if SANDBOX in arguments:
            from kaquan.surfaces.cli.sandbox import run_in_sandbox

            return run_in_sandbox([one for one in arguments if one != SANDBOX])
        app = build_app(*arguments[:1])
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
        from kaquan.surfaces.cli.failures import report_failure

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
