"""The organisation tree and its stores."""

from django.db import models
from django.db.models import Q

from kaquan.organisations.coordinates import LATITUDE_MAX, LONGITUDE_MAX


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

    Everything below a node has a path that begins with the node's. `search_text` is what a search
    looks through: name, code and the name's pinyin, in small letters.
    """

    id = models.AutoField(primary_key=True)
    code = models.CharField(max_length=200)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=16, choices=OrganisationKind)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    path = models.TextField(db_collation="C")  # so that its index serves "begins with"
    search_text = models.TextField(blank=True, default="", db_default="")

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
    """What only a store has; its id is that of its node.

    `division_code` is that of the county or district (民政部's six digits), where it is known;
    `province`, `city` and `district` are names. `weekly_hours` holds for the weekdays 1 to 7 the
    spans in which it is open; where it is null only `open_hours` says something, in words. Where
    it is, in GCJ-02 (see `coordinates`): both numbers or none.
    """

    organisation = models.OneToOneField(
        Organisation, models.PROTECT, primary_key=True, related_name="store"
    )
    address = models.CharField(max_length=200, blank=True)
    province = models.CharField(max_length=50, blank=True)
    city = models.CharField(max_length=50, blank=True)
    district = models.CharField(max_length=50, blank=True, default="", db_default="")
    division_code = models.CharField(max_length=6, blank=True, default="", db_default="")
    phone = models.CharField(max_length=32, blank=True, default="", db_default="")
    open_hours = models.CharField(max_length=100, blank=True)
    weekly_hours = models.JSONField(null=True)
    latitude_microdegrees = models.IntegerField(null=True)
    longitude_microdegrees = models.IntegerField(null=True)
    status = models.CharField(max_length=16, choices=StoreStatus, default=StoreStatus.OPEN)

    class Meta:
        db_table = "organisations_store"
        constraints = (
            models.CheckConstraint(
                condition=Q(status__in=StoreStatus.values), name="organisations_store_status"
            ),
            models.CheckConstraint(
                condition=Q(latitude_microdegrees__isnull=True, longitude_microdegrees__isnull=True)
                | Q(
                    latitude_microdegrees__isnull=False,
                    longitude_microdegrees__isnull=False,
                    latitude_microdegrees__range=(-LATITUDE_MAX, LATITUDE_MAX),
                    longitude_microdegrees__range=(-LONGITUDE_MAX, LONGITUDE_MAX),
                ),
                name="organisations_store_position",
            ),
        )


class TerminalKind(models.TextChoices):
    """What a terminal is; offers may be limited to some."""

    TILL = "till", "收银机"
    HANDHELD = "handheld", "手持机"
    PHONE = "phone", "店员手机"
    KIOSK = "kiosk", "自助机"


class Clerk(models.Model):
    """Someone who serves customers, in every store below a node: mostly a single store."""

    id = models.AutoField(primary_key=True)
    staff_no = models.CharField(max_length=64)
    name = models.CharField(max_length=100)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="clerks")
    active = models.BooleanField(default=True)

    class Meta:
        db_table = "organisations_clerk"
        constraints = (
            models.UniqueConstraint(fields=["staff_no"], name="organisations_clerk_staff_no"),
        )


class Terminal(models.Model):
    """A till, phone or scanner of a store."""

    id = models.AutoField(primary_key=True)
    code = models.CharField(max_length=64)
    store = models.ForeignKey(Store, models.PROTECT, related_name="terminals")
    kind = models.CharField(max_length=16, choices=TerminalKind)
    active = models.BooleanField(default=True)
    last_seen_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "organisations_terminal"
        constraints = (
            models.UniqueConstraint(fields=["code"], name="organisations_terminal_code"),
            models.CheckConstraint(
                condition=Q(kind__in=TerminalKind.values), name="organisations_terminal_kind"
            ),
        )


class IssuerSetting(models.Model):
    """A setting of the issuer that somebody has changed; all others are at their default."""

    name = models.CharField(max_length=64, primary_key=True)
    value = models.JSONField()
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=100)

    class Meta:
        db_table = "organisations_issuersetting"


class HolidayKind(models.TextChoices):
    """What a day is that is not what its weekday says."""

    OFF = "off", "放假"
    WORK = "work", "调休上班"


class Holiday(models.Model):
    """A day of rest that is a weekday, or a day of work at a weekend, by decree of the State
    Council or by the issuer's own; also days of rest that fall on a weekend."""

    day = models.DateField(primary_key=True)
    kind = models.CharField(max_length=8, choices=HolidayKind)
    name = models.CharField(max_length=50)

    class Meta:
        db_table = "organisations_holiday"
        constraints = (
            models.CheckConstraint(
                condition=Q(kind__in=HolidayKind.values), name="organisations_holiday_kind"
            ),
        )
