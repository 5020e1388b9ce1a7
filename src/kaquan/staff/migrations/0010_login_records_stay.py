"""Login records stay as they were written; administrators of rights and audit may see them; and
accounts that exist are found by the sounds of their names."""

from typing import Any

from django.db import migrations

from kaquan.organisations.searching import search_text_of

PERMISSION = "logins.view"
ROLES = ("auditor", "security_administrator", "audit_administrator")
CHUNK = 2_000
#: Security logs are to be kept for six months at least (网络安全法 第二十一条).
STAYS = """
CREATE FUNCTION staff_login_record_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.at < now() - interval '183 days' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'a login record stays as it was written';
END $$;
CREATE TRIGGER staff_login_record_stays BEFORE UPDATE OR DELETE ON staff_login_record
    FOR EACH ROW EXECUTE FUNCTION staff_login_record_stays();
"""


def write_search_text(apps: Any, schema_editor: Any) -> None:
    """One update for some thousand accounts."""
    rows = apps.get_model("staff", "StaffUser").objects.using(schema_editor.connection.alias)
    found = list(rows.filter(search_text="").order_by("id"))
    for user in found:
        user.search_text = search_text_of(user.name, user.username)
    rows.bulk_update(found, ["search_text"], batch_size=CHUNK)


def add_permission(apps: Any, schema_editor: Any) -> None:
    """Nothing is taken from a role."""
    roles = apps.get_model("staff", "Role").objects.using(schema_editor.connection.alias)
    for role in roles.filter(code__in=ROLES):
        if PERMISSION not in role.permissions:
            role.permissions = [*role.permissions, PERMISSION]
            role.save(update_fields=["permissions"])


class Migration(migrations.Migration):
    """Adds a trigger, a permission, and what a search looks through."""

    dependencies = [("staff", "0009_login_records")]
    operations = [
        migrations.RunSQL(STAYS, migrations.RunSQL.noop),
        migrations.RunPython(write_search_text, migrations.RunPython.noop),
        migrations.RunPython(add_permission, migrations.RunPython.noop),
    ]
