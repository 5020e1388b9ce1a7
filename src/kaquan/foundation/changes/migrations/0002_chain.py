"""The chain of changes, written by the database at each commit, and the rights on it."""

from django.db import migrations

from kaquan.foundation.changes.payload import chain_sql


class Migration(migrations.Migration):
    """Creates the chain; a log is never taken down again."""

    dependencies = [("changes", "0001_initial")]
    operations = [migrations.RunSQL(chain_sql(), migrations.RunSQL.noop)]
