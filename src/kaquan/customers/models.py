"""Who the vouchers are for."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from kaquan.customers.finders import FindersField
from kaquan.foundation.encrypted_fields import EncryptedTextField
from kaquan.organisations.models import Organisation


class PersonBasis(models.IntegerChoices):
    """What tells a natural person; more counts for more."""

    NUMBER = 0, "会员号"
    PHONE = 1, "手机号"
    DOCUMENT = 2, "证件号"


class Customer(models.Model):
    """A member. Name and phone are sealed; `phone_index` finds the phone without opening it,
    `finders` the end of the phone and the name.

    `person_id` is the same for all customers that are one natural person, as far as
    `person_basis` can tell. `organisation` is whose customer this is, None the whole issuer's.

    A customer `merged_into` another keeps its number, its vouchers and its own facts; commands
    take the person and the tags from the other as well, so that both count as one. Taking the link
    away undoes the merge. One that is `erased_at` a moment has no personal field any more.
    """

    id = models.BigAutoField(primary_key=True)
    number = models.CharField(max_length=64)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    name = EncryptedTextField(null=True)
    phone = EncryptedTextField(null=True)
    phone_index = models.BinaryField(null=True)
    finders = FindersField()
    person_id = models.BigIntegerField()
    person_basis = models.SmallIntegerField(choices=PersonBasis)
    tags = ArrayField(models.CharField(max_length=64), default=list)
    first_order_at = models.DateTimeField(null=True)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="merged")
    erased_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "customers_customer"
        constraints = (
            models.UniqueConstraint(fields=["number"], name="customers_customer_number"),
            models.CheckConstraint(
                condition=models.Q(person_id__gt=0), name="customers_customer_person"
            ),
            models.CheckConstraint(
                condition=~models.Q(merged_into=models.F("id")), name="customers_customer_merge"
            ),
            models.CheckConstraint(
                condition=models.Q(erased_at__isnull=True)
                | models.Q(
                    name__isnull=True,
                    phone__isnull=True,
                    phone_index__isnull=True,
                    finders=[],
                    tags=[],
                ),
                name="customers_customer_erased",
            ),
        )
        indexes = (
            models.Index(fields=["phone_index"], name="customers_customer_phone"),
            models.Index(fields=["person_id"], name="customers_customer_person_id"),
            GinIndex(fields=["tags"], name="customers_customer_tags"),
            GinIndex(fields=["finders"], name="customers_customer_finders"),
        )


class ErasureState(models.TextChoices):
    """Where a request to be forgotten stands; the last two are final."""

    REQUESTED = "requested", "已申请"
    DONE = "done", "已删除"
    WITHDRAWN = "withdrawn", "已撤回"


class ErasureRequest(models.Model):
    """Someone asked that their personal information be erased (PIPL article 47)."""

    id = models.BigAutoField(primary_key=True)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="erasure_requests")
    state = models.CharField(max_length=16, choices=ErasureState, default=ErasureState.REQUESTED)
    requested_at = models.DateTimeField()
    requested_by = models.CharField(max_length=100)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=100, blank=True)

    class Meta:
        db_table = "customers_erasure_request"
        constraints = (
            models.UniqueConstraint(
                fields=["customer"],
                condition=models.Q(state=ErasureState.REQUESTED),
                name="customers_erasure_request_open",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=ErasureState.values),
                name="customers_erasure_request_state",
            ),
            models.CheckConstraint(
                condition=models.Q(state=ErasureState.REQUESTED, ended_at__isnull=True)
                | (~models.Q(state=ErasureState.REQUESTED) & models.Q(ended_at__isnull=False)),
                name="customers_erasure_request_ended",
            ),
        )
