"""What all processes must count together: how often a login failed."""

from django.db import migrations

CREATE = """
CREATE TABLE staff_cache (
    cache_key varchar(255) PRIMARY KEY,
    value text NOT NULL,
    expires timestamptz NOT NULL
);
CREATE INDEX staff_cache_expires ON staff_cache (expires);
"""


class Migration(migrations.Migration):
    """Creates the table of Django's database cache."""

    dependencies = [("staff", "0002_built_in_roles")]
    operations = [migrations.RunSQL(CREATE, "DROP TABLE staff_cache")]
