"""The built-in roles of installations that exist may register slips of paper vouchers."""

from typing import Any

from django.db import migrations

PERMISSION = "desk.register"
#: Whoever grants a role holds what it gives, so those above the clerks have it too.
ROLES = ("clerk", "store_manager", "regional_operations", "head_operations")


def add_permission(apps: Any, schema_editor: Any) -> None:
    """Nothing is taken from a role."""
    roles = apps.get_model("staff", "Role").objects.using(schema_editor.connection.alias)
    for role in roles.filter(code__in=ROLES):
        if PERMISSION not in role.permissions:
            role.permissions = [*role.permissions, PERMISSION]
            role.save(update_fields=["permissions"])


class Migration(migrations.Migration):
    """Adds a permission."""

    dependencies = [("staff", "0005_permissions_of_built_in_roles")]
    operations = [migrations.RunPython(add_permission, migrations.RunPython.noop)]
