"""What a search looks through, for the nodes that are there already."""

from typing import Any

from django.db import migrations

from kaquan.organisations.searching import search_text_of

CHUNK = 2_000


def write_search_text(apps: Any, schema_editor: Any) -> None:
    """One update for some thousand nodes."""
    organisation = apps.get_model("organisations", "Organisation")
    rows = organisation.objects.using(schema_editor.connection.alias)
    found = list(rows.filter(search_text="").order_by("id"))
    for node in found:
        node.search_text = search_text_of(node.name, node.code)
    rows.bulk_update(found, ["search_text"], batch_size=CHUNK)


class Migration(migrations.Migration):
    """Fills the column."""

    dependencies = [("organisations", "0003_addresses_settings_holidays")]
    operations = [migrations.RunPython(write_search_text, migrations.RunPython.noop)]
