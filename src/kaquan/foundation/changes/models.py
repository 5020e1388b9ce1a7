"""Changes and their chain. Both only grow: the database refuses anything else."""

from django.db import models


class Change(models.Model):
    """One change of one thing of the configuration, written in the transaction that makes it.

    `before` and `after` hold the fields that changed; `before` is null for what is new, `after` for
    what is gone. Neither holds a secret or a customer's personal data. `organisation_path` says
    whose it is: the part of the tree that the thing belongs to, empty for the whole issuer's.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=16)
    actor_id = models.CharField(max_length=100)
    actor_name = models.CharField(max_length=200)
    origin = models.CharField(max_length=64, blank=True)
    verb = models.CharField(max_length=64)
    kind = models.CharField(max_length=32)
    object_id = models.CharField(max_length=64)
    object_name = models.CharField(max_length=200)
    organisation_path = models.TextField(db_collation="C", blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        db_table = "changes_change"
        indexes = (
            models.Index(fields=["kind", "object_id", "id"], name="changes_change_object"),
            models.Index(fields=["kind", "id"], name="changes_change_kind"),
            models.Index(fields=["at"], name="changes_change_at"),
            models.Index(fields=["organisation_path", "id"], name="changes_change_path"),
            models.Index(fields=["actor_id", "id"], name="changes_change_actor"),
        )


class ChangeLink(models.Model):
    """A change's place in the chain, in the order of commits: numbered without gaps, each hash over
    the one before and the change. The database writes it when the change is committed."""

    seq = models.BigIntegerField(primary_key=True)
    change = models.OneToOneField(Change, models.PROTECT, related_name="link")
    hash = models.BinaryField()

    class Meta:
        db_table = "changes_link"
