"""Head office operations makes the keys of tills and shops, of installations that exist as of new
ones: nobody gives a key what they do not hold, and no other role holds what a till may."""

from typing import Any

from django.db import migrations

ROLE = "head_operations"
KEYS = ("keys.view", "keys.edit")


def add_permissions(apps: Any, schema_editor: Any) -> None:
    """Nothing is taken from the role."""
    roles = apps.get_model("staff", "Role").objects.using(schema_editor.connection.alias)
    for role in roles.filter(code=ROLE):
        missing = [one for one in KEYS if one not in role.permissions]
        if missing:
            role.permissions = [*role.permissions, *missing]
            role.save(update_fields=["permissions"])


class Migration(migrations.Migration):
    """Adds permissions."""

    dependencies = [("staff", "0007_custody_permissions")]
    operations = [migrations.RunPython(add_permissions, migrations.RunPython.noop)]
