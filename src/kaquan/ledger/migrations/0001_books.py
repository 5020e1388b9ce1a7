"""The ledger's tables, triggers and rights, from ``sql/schema.sql``."""

from importlib.resources import files

from django.db import migrations

SCHEMA = files("kaquan.ledger").joinpath("sql/schema.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    """Creates the ledger; books are never taken down again."""

    initial = True
    dependencies = []
    operations = [migrations.RunSQL(SCHEMA, migrations.RunSQL.noop)]
