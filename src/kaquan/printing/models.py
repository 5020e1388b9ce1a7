"""Kinds of paper vouchers, and runs of them."""

from django.db import models

from kaquan.campaigns.models import CampaignBatch
from kaquan.organisations.models import Organisation


class PrintFace(models.Model):
    """One kind of paper voucher. `layout` is a `Layout` as data; `image` a PNG or JPEG, or empty.

    `organisation` is whose it is, None the whole issuer's.
    """

    id = models.AutoField(primary_key=True)
    name = models.CharField(max_length=100)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    layout = models.JSONField()
    image = models.BinaryField(default=b"")

    class Meta:
        db_table = "printing_face"


class PrintRun(models.Model):
    """Vouchers of a batch that were ordered on paper, as they looked then.

    `ranges` holds pairs of first serial and number; no serial is in two runs. `terms` are the
    printed sentences. `signed` is what signed codes say besides the serial, None without any.
    `merkle_root` stands for serials and codes of all of them, `files` are name, SHA-256 and pages
    of what was made, both empty until it was. `password` opens the printer's list, sealed; empty
    where none was asked for.
    """

    id = models.AutoField(primary_key=True)
    batch = models.ForeignKey(CampaignBatch, models.PROTECT, related_name="+")
    face_name = models.CharField(max_length=100)
    layout = models.JSONField()
    image = models.BinaryField(default=b"")
    terms = models.JSONField()
    quantity = models.IntegerField()
    ranges = models.JSONField()
    signed = models.JSONField(null=True)
    password = models.BinaryField(default=b"")
    job_id = models.UUIDField(null=True)
    merkle_root = models.CharField(max_length=64, blank=True)
    files = models.JSONField(default=list)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=200)

    class Meta:
        db_table = "printing_run"
        indexes = (models.Index(fields=["batch", "id"], name="printing_run_batch"),)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(quantity__gt=0), name="printing_run_quantity"
            ),
        )
