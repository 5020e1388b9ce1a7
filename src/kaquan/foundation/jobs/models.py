"""One row a job; what carries it to a worker is procrastinate's own table."""

from uuid import uuid4

from django.db import models
from django.db.models import Q


class JobState(models.TextChoices):
    """Where a job stands; the last three are final."""

    QUEUED = "queued", "排队中"
    RUNNING = "running", "进行中"
    DONE = "done", "已完成"
    FAILED = "failed", "已失败"
    CANCELLED = "cancelled", "已取消"


ENDED = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class Job(models.Model):
    """Long work that someone asked for. `parameters` and `result` name nobody.

    `attempt` counts how often it was begun; only the last one may write. `actor` is who asked, with
    the permissions held then, for the work acts in that name. `client_id` is the API client's, 0
    for people. `file` is a name in the job's folder of the exports, empty where there is none.
    """

    id = models.UUIDField(primary_key=True, default=uuid4)
    kind = models.CharField(max_length=64)
    state = models.CharField(max_length=16, choices=JobState, default=JobState.QUEUED)
    title_zh = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200)
    parameters = models.JSONField()
    progress_done = models.BigIntegerField(default=0)
    progress_total = models.BigIntegerField(null=True)
    result = models.JSONField(null=True)
    file = models.CharField(max_length=200, blank=True)
    file_sha256 = models.CharField(max_length=64, blank=True)
    file_bytes = models.BigIntegerField(null=True)
    error_code = models.CharField(max_length=64, blank=True)
    error_zh = models.TextField(blank=True)
    error_en = models.TextField(blank=True)
    actor = models.JSONField()
    organisation_path = models.TextField(db_collation="C", blank=True)
    client_id = models.BigIntegerField(default=0)
    attempt = models.IntegerField(default=0)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "jobs_job"
        indexes = (
            models.Index(fields=["client_id", "created_at", "id"], name="jobs_job_client"),
            models.Index(fields=["created_at", "id"], name="jobs_job_created"),
            models.Index(
                fields=["state"], condition=~Q(state__in=ENDED), name="jobs_job_not_ended"
            ),
            models.Index(fields=["finished_at"], condition=~Q(file=""), name="jobs_job_file"),
        )
        constraints = (
            models.CheckConstraint(condition=Q(state__in=JobState.values), name="jobs_job_state"),
            models.CheckConstraint(
                condition=Q(state__in=ENDED, finished_at__isnull=False)
                | (~Q(state__in=ENDED) & Q(finished_at__isnull=True)),
                name="jobs_job_ended_at_a_time",
            ),
        )

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ENDED
