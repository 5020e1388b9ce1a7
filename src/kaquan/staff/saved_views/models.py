"""One row a view."""

from django.db import models
from django.db.models import Q


class Every(models.TextChoices):
    """How often a view is exported by itself, in the morning."""

    DAY = "day", "每天"
    WEEK = "week", "每周一"
    MONTH = "month", "每月 1 日"


class SavedView(models.Model):
    """The address of a list after its question mark, under a name: filters, order and columns.

    `owner` is the actor that made it, `screen` the list's name. `shared_path` is the part of the
    tree that may use it too ("" the whole issuer), None the owner alone.

    `every` says how often it is exported by itself (empty: never), `next_export_at` when next, and
    `acting_in` in which node its owner acts then, None the widest of theirs.
    """

    id = models.BigAutoField(primary_key=True)
    owner = models.CharField(max_length=100)
    owner_name = models.CharField(max_length=200)
    screen = models.CharField(max_length=64)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2_000, blank=True)
    is_default = models.BooleanField(default=False)
    # None is nobody else, "" the whole issuer.
    shared_path = models.TextField(db_collation="C", null=True)  # noqa: DJ001
    created_at = models.DateTimeField()
    every = models.CharField(max_length=8, choices=Every, blank=True, default="")
    next_export_at = models.DateTimeField(null=True)
    acting_in = models.IntegerField(null=True)

    class Meta:
        db_table = "saved_views_savedview"
        constraints = (
            models.UniqueConstraint(
                fields=["owner", "screen", "name"], name="saved_views_savedview_name"
            ),
            models.UniqueConstraint(
                fields=["owner", "screen"],
                condition=Q(is_default=True),
                name="saved_views_savedview_default",
            ),
            models.CheckConstraint(
                condition=Q(every="", next_export_at__isnull=True)
                | Q(every__in=Every.values, next_export_at__isnull=False),
                name="saved_views_savedview_every",
            ),
        )
        indexes = (
            models.Index(
                fields=["shared_path", "screen"],
                condition=Q(shared_path__isnull=False),
                name="saved_views_savedview_shared",
            ),
            models.Index(
                fields=["next_export_at"],
                condition=Q(next_export_at__isnull=False),
                name="saved_views_savedview_next",
            ),
        )
