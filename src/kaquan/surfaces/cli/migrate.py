"""``kaquan migrate``: bring the database's tables up to date."""

from __future__ import annotations

from django.db import connections
from rich.console import Console

from kaquan.foundation import django_setup
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.postgres.sessions import running_database
from kaquan.surfaces.cli.installation import report
from kaquan.surfaces.cli.output import Json, show


def migrate(json: Json = False) -> None:
    """让数据库结构与本版本一致 · Bring the database's tables up to this version."""
    configuration = current_configuration()
    with running_database(configuration, report=report):
        django_setup.setup(configuration)
        try:
            applied = django_setup.migrate(configuration)
        finally:
            connections.close_all()

    def people(console: Console) -> None:
        for name in applied:
            console.print(name)
        console.print(
            f"已应用 {len(applied)} 个迁移 · {len(applied)} migrations applied"
            if applied
            else "已是最新 · up to date"
        )

    show({"applied": applied}, json=json, people=people)
