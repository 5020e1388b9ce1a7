"""Django, set up once per process from our own configuration."""

import gc
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
import psycopg
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from kaquan.foundation.configuration import Configuration, install_configuration
from kaquan.foundation.failpoints import enable_failpoints
from kaquan.foundation.postgres.urls import connection_urls
from kaquan.foundation.reporting import Report, silent

SETTINGS_MODULE = "kaquan.project.settings"
OWNER_ALIAS = "owner"
NOT_SERVED = ["redoc*"]
"""Files of packages that no page of ours uses; each costs a start-up time to compress."""
_STATIC_STAMP = ".kaquan-static"
_MIGRATION_LOCK = 5_206_131_411  # any number of ours, the same in every process
_LOCK_TIMEOUT = "5s"
_GARBAGE_OBJECTS = 200_000


def setup(configuration: Configuration) -> None:
    """Give the process its configuration and set Django up; a second call changes nothing."""
    install_configuration(configuration)
    os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS_MODULE
    if not apps.ready:
        enable_failpoints(configuration.failpoints, debug=configuration.debug)
        django.setup()


def collect_static_files(*, report: Report = silent) -> None:
    """Gather and compress the static files of all apps in the home, unless they are there already;
    the web server needs them."""
    stamp = Path(settings.STATIC_ROOT) / _STATIC_STAMP
    wanted = _static_fingerprint()
    if stamp.exists() and stamp.read_text(encoding="ascii") == wanted:
        return
    report("正在准备网页文件……", "Preparing the pages' files …")
    call_command(
        "collectstatic", interactive=False, verbosity=0, clear=True, ignore_patterns=NOT_SERVED
    )
    stamp.write_text(wanted, encoding="ascii")


def _static_fingerprint() -> str:
    """Another one whenever a file of any app is another."""
    from django.contrib.staticfiles.finders import get_finders  # noqa: PLC0415  # few need it

    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in sorted(finder.list(NOT_SERVED), key=lambda found: str(found[0])):
            content = Path(storage.path(name)).read_bytes()
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def unapplied_migrations() -> list[str]:
    """The migrations that the database lacks, such as "ledger.0002_limits", in order."""
    executor = MigrationExecutor(connections[OWNER_ALIAS])
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def migrate(configuration: Configuration) -> list[str]:
    """Apply what is missing, as the schema's owner; returns what was applied.

    Several processes may call this at once: they take turns. A statement that waits 5 s for a
    lock held by live traffic gives up, so that a migration never stops the counters for long.
    """
    with psycopg.connect(connection_urls(configuration).owner, autocommit=True) as turn:
        turn.execute("select pg_advisory_lock(%s)", [_MIGRATION_LOCK])
        missing = unapplied_migrations()
        if missing:
            with connections[OWNER_ALIAS].cursor() as cursor:
                cursor.execute("select set_config('lock_timeout', %s, false)", [_LOCK_TIMEOUT])
            with _rare_garbage_collection():
                call_command("migrate", database=OWNER_ALIAS, verbosity=0, interactive=False)
        connections[OWNER_ALIAS].close()
    return missing


@contextmanager
def _rare_garbage_collection() -> Iterator[None]:
    """Django makes each model hundreds of times on its way through all migrations; looking every
    few hundred objects for what is no longer needed took a quarter of the time."""
    before = gc.get_threshold()
    gc.set_threshold(_GARBAGE_OBJECTS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
