"""Django, set up once per process from our own configuration."""

import os

import django
import psycopg
from django.apps import apps
from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from kaquan.foundation.configuration import Configuration, install_configuration
from kaquan.foundation.failpoints import enable_failpoints
from kaquan.foundation.postgres.urls import connection_urls

SETTINGS_MODULE = "kaquan.project.settings"
OWNER_ALIAS = "owner"
NOT_SERVED = ["redoc*"]
"""Files of packages that no page of ours uses; each costs a start-up time to compress."""
_MIGRATION_LOCK = 5_206_131_411  # any number of ours, the same in every process
_LOCK_TIMEOUT = "5s"


def setup(configuration: Configuration) -> None:
    """Give the process its configuration and set Django up; a second call changes nothing."""
    install_configuration(configuration)
    os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS_MODULE
    if not apps.ready:
        enable_failpoints(configuration.failpoints, debug=configuration.debug)
        django.setup()


def collect_static_files() -> None:
    """Gather and compress the static files of all apps in the home; the web server needs them."""
    call_command(
        "collectstatic", interactive=False, verbosity=0, clear=True, ignore_patterns=NOT_SERVED
    )


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
            call_command("migrate", database=OWNER_ALIAS, verbosity=0, interactive=False)
        connections[OWNER_ALIAS].close()
    return missing
