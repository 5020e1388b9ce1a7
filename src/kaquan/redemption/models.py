"""Orders as the stores' tills know them, publications, and what people may do to vouchers and do
to many of them at once. Vouchers themselves are in the ledger."""

from django.db import models
from django.db.models import F, Q

from kaquan.campaigns.models import CampaignBatch
from kaquan.customers.models import Customer
from kaquan.organisations.models import Organisation, Store


class Order(models.Model):
    """An order; tills number their orders store by store. `total_fen` is the sum of its lines."""

    pk = models.CompositePrimaryKey("order_no", "store_id")
    order_no = models.CharField(max_length=64)
    store = models.ForeignKey(Store, models.PROTECT, related_name="+", db_index=False)
    customer = models.ForeignKey(
        Customer, models.PROTECT, null=True, related_name="+", db_index=False
    )
    ordered_at = models.DateTimeField()
    total_fen = models.BigIntegerField()

    class Meta:
        db_table = "redemption_order"
        indexes = (
            models.Index(fields=["customer", "ordered_at"], name="redemption_order_customer"),
            models.Index(fields=["store", "ordered_at"], name="redemption_order_store"),
        )
        constraints = (
            models.CheckConstraint(condition=Q(total_fen__gte=0), name="redemption_order_total"),
        )


class OrderLine(models.Model):
    """A line of an order; `amount_fen` is at list price, before `discount_fen`.

    A migration adds the foreign key to its order, which has two columns.
    """

    pk = models.CompositePrimaryKey("order_no", "store_id", "line_no")
    order_no = models.CharField(max_length=64)
    store_id = models.IntegerField()
    line_no = models.IntegerField()
    quantity = models.IntegerField()
    amount_fen = models.BigIntegerField()
    discount_fen = models.BigIntegerField()
    sku = models.CharField(max_length=64)

    class Meta:
        db_table = "redemption_orderline"
        constraints = (
            models.CheckConstraint(
                condition=Q(quantity__gte=0)
                & Q(amount_fen__gte=0)
                & Q(discount_fen__gte=0)
                & Q(discount_fen__lte=F("amount_fen")),
                name="redemption_orderline_amounts",
            ),
        )


class Publication(models.Model):
    """Giving a batch's vouchers to a list of customers, under a name.

    Nobody gets two under one name, however often the list is sent: who got one is in the ledger.
    """

    id = models.AutoField(primary_key=True)
    batch = models.ForeignKey(CampaignBatch, models.PROTECT, related_name="publications")
    name = models.CharField(max_length=100)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "redemption_publication"
        constraints = (
            models.UniqueConstraint(fields=["batch", "name"], name="redemption_publication_name"),
        )


class CareLimit(models.Model):
    """How far people with a role may go alone; NULL is no bound. The empty code stands for every
    role that has no row of its own."""

    role_code = models.CharField(max_length=64, primary_key=True)
    amount_fen_max = models.BigIntegerField(null=True)
    days_after_use_max = models.IntegerField(null=True)
    number_a_day_max = models.IntegerField(null=True)

    class Meta:
        db_table = "redemption_carelimit"
        constraints = (
            models.CheckConstraint(
                condition=(Q(amount_fen_max__isnull=True) | Q(amount_fen_max__gte=0))
                & (Q(days_after_use_max__isnull=True) | Q(days_after_use_max__gte=0))
                & (Q(number_a_day_max__isnull=True) | Q(number_a_day_max__gte=0)),
                name="redemption_carelimit_bounds",
            ),
        )


class CareDay(models.Model):
    """How often somebody did such work on one day of the issuer's zone."""

    pk = models.CompositePrimaryKey("actor_id", "day")
    actor_id = models.CharField(max_length=100)
    day = models.DateField()
    number = models.IntegerField()

    class Meta:
        db_table = "redemption_careday"
        constraints = (
            models.CheckConstraint(condition=Q(number__gte=0), name="redemption_careday_number"),
        )


class BulkState(models.TextChoices):
    """Where work on a file of vouchers stands; the last three are final."""

    CHECKING = "checking", "核对中"
    CHECKED = "checked", "待执行"
    WAITING = "waiting", "待审批"
    WORKING = "working", "执行中"
    DONE = "done", "已完成"
    UNREADABLE = "unreadable", "无法读取"
    DROPPED = "dropped", "已放弃"


class BulkCare(models.Model):
    """One thing to be done to each voucher of a file. The file itself is not kept, for it may hold
    codes: its rows are, by their serials.

    `digest` is of the file and of what is to be done. `actor` is who asked, with the permissions
    held then: the work is done in that name. `job_id` is the latest job's, `approval_id` that of
    the request that asks for it.
    """

    id = models.BigAutoField(primary_key=True)
    operation = models.CharField(max_length=16)
    reason = models.CharField(max_length=1_000)
    valid_until = models.DateTimeField(null=True)
    file_name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=16, choices=BulkState, default=BulkState.CHECKING)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    actor = models.JSONField()
    made_by = models.CharField(max_length=100)
    made_by_name = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    job_id = models.UUIDField(null=True)
    approval_id = models.BigIntegerField(null=True)
    row_count = models.IntegerField(default=0)
    doable_count = models.IntegerField(default=0)
    stake_fen = models.BigIntegerField(default=0)
    done_count = models.IntegerField(default=0)
    refused_count = models.IntegerField(default=0)

    class Meta:
        db_table = "redemption_bulkcare"
        indexes = (models.Index(fields=["digest"], name="redemption_bulkcare_digest"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=BulkState.values), name="redemption_bulkcare_state"
            ),
        )


class BulkCareRow(models.Model):
    """One row of such a file: what would happen to its voucher, and what did. Codes are those of
    answers, `done` or a refusal's; the words beside them are for people."""

    pk = models.CompositePrimaryKey("bulk_id", "row_number")
    bulk = models.ForeignKey(BulkCare, models.CASCADE, related_name="rows", db_index=False)
    row_number = models.IntegerField()
    serial = models.BigIntegerField(null=True)
    stake_fen = models.BigIntegerField(default=0)
    planned = models.CharField(max_length=64)
    planned_zh = models.TextField(blank=True)
    planned_en = models.TextField(blank=True)
    outcome = models.CharField(max_length=64, blank=True)
    outcome_zh = models.TextField(blank=True)
    outcome_en = models.TextField(blank=True)

    class Meta:
        db_table = "redemption_bulkcarerow"


class ExpirySweep(models.Model):
    """How far a batch was gone through for vouchers that ended before `through`; while that is
    under way, up to `after_serial`. `booked_count` is how many were booked as expired so far."""

    batch = models.OneToOneField(
        CampaignBatch, models.CASCADE, primary_key=True, related_name="expiry_sweep"
    )
    through = models.DateTimeField()
    under_way = models.BooleanField()
    after_serial = models.BigIntegerField(default=-1)
    booked_count = models.BigIntegerField(default=0)

    class Meta:
        db_table = "redemption_expirysweep"
        indexes = (models.Index(fields=["through"], name="redemption_expirysweep_through"),)
