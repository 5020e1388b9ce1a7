"""A claim keeps its answer, and waits until it has one; those of before have theirs."""

from typing import Any

from django.db import migrations, models
from django.db.models import F
from django.db.models.functions import Coalesce


def answer_what_was_answered(apps: Any, schema_editor: Any) -> None:
    """A claim with a serial is done; of several without one by a customer the first goes on."""
    claims = apps.get_model("wallet", "LinkClaim").objects.using(schema_editor.connection.alias)
    claims.filter(serial__isnull=False).update(answered_at=F("at"))
    first = claims.filter(
        link=models.OuterRef("link"), customer=models.OuterRef("customer"), serial__isnull=True
    ).order_by("id")
    later = claims.filter(serial__isnull=True).exclude(id=models.Subquery(first.values("id")[:1]))
    later.update(
        answered_at=Coalesce(F("answered_at"), F("at")),
        refusal="busy",
        refusal_zh="系统当时繁忙，这次没有领到。",
        refusal_en="The system was busy; nothing was claimed that time.",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("wallet", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="linkclaim",
            name="answered_at",
            field=models.DateTimeField(null=True),
        ),
        *(
            migrations.AddField(
                model_name="linkclaim",
                name=name,
                field=models.CharField(blank=True, db_default="", default="", max_length=longest),
            )
            for name, longest in (("refusal", 64), ("refusal_zh", 500), ("refusal_en", 500))
        ),
        migrations.RunPython(answer_what_was_answered, migrations.RunPython.noop),
    ]
