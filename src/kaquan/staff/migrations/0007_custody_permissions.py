"""The built-in roles of installations that exist may deal with paper as new ones may."""

from typing import Any

from django.db import migrations

MOVE = ("custody.view", "custody.move")
SUPPLY = (*MOVE, "custody.supply")
#: Whoever grants a role holds what it gives, so those above the clerks have it too.
ROLES = {
    "clerk": MOVE,
    "store_manager": MOVE,
    "regional_operations": SUPPLY,
    "head_operations": SUPPLY,
}


def add_permissions(apps: Any, schema_editor: Any) -> None:
    """Nothing is taken from a role."""
    roles = apps.get_model("staff", "Role").objects.using(schema_editor.connection.alias)
    for role in roles.filter(code__in=ROLES):
        missing = [one for one in ROLES[role.code] if one not in role.permissions]
        if missing:
            role.permissions = [*role.permissions, *missing]
            role.save(update_fields=["permissions"])


class Migration(migrations.Migration):
    """Adds permissions."""

    dependencies = [("staff", "0006_desk_permission")]
    operations = [migrations.RunPython(add_permissions, migrations.RunPython.noop)]
