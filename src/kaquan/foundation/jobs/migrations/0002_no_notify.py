"""Jobs are polled for: a NOTIFY in a transaction makes all commits of the server take turns."""

from django.db import migrations

TRIGGERS = (
    "procrastinate_jobs_notify_queue_job_inserted_v1",
    "procrastinate_jobs_notify_queue_job_aborted_v1",
)


def _each(change: str) -> str:
    return "\n".join(f"ALTER TABLE procrastinate_jobs {change} TRIGGER {one};" for one in TRIGGERS)


class Migration(migrations.Migration):
    """Switches procrastinate's own notifications off; its other triggers keep its events."""

    dependencies = [
        ("jobs", "0001_initial"),
        ("procrastinate", "0041_post_retry_failed_job"),
    ]
    operations = [migrations.RunSQL(_each("DISABLE"), _each("ENABLE"))]
