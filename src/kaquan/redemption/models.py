"""Orders as the stores' tills know them, and publications. Vouchers are in the ledger."""

from django.db import models
from django.db.models import F, Q

from kaquan.campaigns.models import CampaignBatch
from kaquan.customers.models import Customer
from kaquan.organisations.models import Store


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
