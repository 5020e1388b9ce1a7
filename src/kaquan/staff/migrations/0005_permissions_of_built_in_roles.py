"""The built-in roles of installations that exist get what such roles hold now."""

from typing import Any

from django.db import migrations

from kaquan.staff.roles import BUILT_IN_ROLES


def add_permissions(apps: Any, schema_editor: Any) -> None:
    """Nothing is taken from a role."""
    roles = apps.get_model("staff", "Role").objects.using(schema_editor.connection.alias)
    for built_in in BUILT_IN_ROLES:
        for role in roles.filter(code=built_in.code):
            missing = [one for one in built_in.permissions if one not in role.permissions]
            role.permissions = [*role.permissions, *missing]
            role.save(update_fields=["permissions"])


class Migration(migrations.Migration):
    """Adds permissions."""

    dependencies = [("staff", "0004_own_roles_and_announcements")]
    operations = [migrations.RunPython(add_permissions, migrations.RunPython.noop)]
