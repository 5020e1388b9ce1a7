"""One row a view."""

from django.db import models
from django.db.models import Q


class SavedView(models.Model):
    """The address of a list after its question mark, under a name: filters, order and columns.

    `owner` is the actor that made it, `screen` the list's name. `shared_path` is the part of the
    tree that may use it too ("" the whole issuer), None the owner alone.
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
        )
        indexes = (
            models.Index(
                fields=["shared_path", "screen"],
                condition=Q(shared_path__isnull=False),
                name="saved_views_savedview_shared",
            ),
        )
