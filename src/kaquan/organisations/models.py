"""The organisation tree and its stores."""

from django.db import models
from django.db.models import Q


class OrganisationKind(models.TextChoices):
    """What a node of the tree is; only a store has none below it."""

    HEAD_OFFICE = "head_office", "总部"
    REGION = "region", "大区"
    PROVINCE = "province", "省"
    CITY = "city", "市"
    STORE = "store", "门店"


class StoreStatus(models.TextChoices):
    """Whether a store serves customers."""

    OPEN = "open", "营业"
    PAUSED = "paused", "暂停营业"
    CLOSED = "closed", "已关店"


class Organisation(models.Model):
    """A node of the tree. `path` holds the ids from the root down to itself: ``1.5.17.``

    Everything below a node has a path that begins with the node's.
    """

    id = models.AutoField(primary_key=True)
    code = models.CharField(max_length=200)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=16, choices=OrganisationKind)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    path = models.TextField(db_collation="C")  # so that its index serves "begins with"

    class Meta:
        db_table = "organisations_organisation"
        constraints = (
            models.UniqueConstraint(fields=["code"], name="organisations_organisation_code"),
            models.UniqueConstraint(fields=["path"], name="organisations_organisation_path"),
            models.UniqueConstraint(
                fields=["parent", "name"],
                condition=~Q(kind=OrganisationKind.STORE),
                nulls_distinct=False,
                name="organisations_organisation_name_below_parent",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=OrganisationKind.values),
                name="organisations_organisation_kind",
            ),
            models.CheckConstraint(
                condition=Q(path__regex=r"^([0-9]+\.)+$"),
                name="organisations_organisation_path_of_ids",
            ),
        )


class Store(models.Model):
    """What only a store has; its id is that of its node."""

    organisation = models.OneToOneField(
        Organisation, models.PROTECT, primary_key=True, related_name="store"
    )
    address = models.CharField(max_length=200, blank=True)
    province = models.CharField(max_length=50, blank=True)
    city = models.CharField(max_length=50, blank=True)
    open_hours = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=16, choices=StoreStatus, default=StoreStatus.OPEN)

    class Meta:
        db_table = "organisations_store"
        constraints = (
            models.CheckConstraint(
                condition=Q(status__in=StoreStatus.values), name="organisations_store_status"
            ),
        )
