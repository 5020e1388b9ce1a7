"""docs/reference/cli.md: every command of ``kaquan`` with its arguments and options."""

from __future__ import annotations

from types import ModuleType

import typer
from typer.cli import get_docs_for_click
from typer.main import get_command

from tools.docs.markdown import heading


def page(main: ModuleType) -> str:
    """The page, from the app that `kaquan.surfaces.cli.main` builds."""
    command = get_command(main.build_app())
    context = typer.Context(command, info_name="kaquan")
    body = get_docs_for_click(obj=command, ctx=context, name="kaquan", indent=1)
    title = heading("命令行", "Command line", source=main.__name__)
    return f"{title}\n{body.rstrip()}\n"
