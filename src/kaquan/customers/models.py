"""Who the vouchers are for."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from kaquan.foundation.encrypted_fields import EncryptedTextField
from kaquan.organisations.models import Organisation


class PersonBasis(models.IntegerChoices):
    """What tells a natural person; more counts for more."""

    NUMBER = 0, "会员号"
    PHONE = 1, "手机号"
    DOCUMENT = 2, "证件号"


class Customer(models.Model):
    """A member. Name and phone are sealed; `phone_index` finds the phone without opening it.

    `person_id` is the same for all customers that are one natural person, as far as
    `person_basis` can tell. `organisation` is whose customer this is, None the whole issuer's.
    """

    id = models.BigAutoField(primary_key=True)
    number = models.CharField(max_length=64)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    name = EncryptedTextField(null=True)
    phone = EncryptedTextField(null=True)
    phone_index = models.BinaryField(null=True)
    person_id = models.BigIntegerField()
    person_basis = models.SmallIntegerField(choices=PersonBasis)
    tags = ArrayField(models.CharField(max_length=64), default=list)
    first_order_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "customers_customer"
        constraints = (
            models.UniqueConstraint(fields=["number"], name="customers_customer_number"),
            models.CheckConstraint(
                condition=models.Q(person_id__gt=0), name="customers_customer_person"
            ),
        )
        indexes = (
            models.Index(fields=["phone_index"], name="customers_customer_phone"),
            models.Index(fields=["person_id"], name="customers_customer_person_id"),
            GinIndex(fields=["tags"], name="customers_customer_tags"),
        )
