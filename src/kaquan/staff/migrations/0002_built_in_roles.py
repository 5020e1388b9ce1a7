"""The roles that every installation has, as they are now; later changes are later migrations."""

from typing import Any

from django.db import migrations

from kaquan.staff.roles import BUILT_IN_ROLES


def write_roles(apps: Any, schema_editor: Any) -> None:
    """One row a role."""
    role = apps.get_model("staff", "Role")
    for built_in in BUILT_IN_ROLES:
        values = {**built_in._asdict(), "permissions": list(built_in.permissions)}
        role.objects.using(schema_editor.connection.alias).create(built_in=True, **values)


class Migration(migrations.Migration):
    """Adds the rows."""

    dependencies = [("staff", "0001_initial")]
    operations = [migrations.RunPython(write_roles, migrations.RunPython.noop)]
