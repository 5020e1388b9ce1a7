"""What vouchers promise, and the products that they are about."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from kaquan.organisations.models import Organisation


class Product(models.Model):
    """An article. `categories` are the codes from the widest category down to its own."""

    id = models.AutoField(primary_key=True)
    sku = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    categories = ArrayField(models.CharField(max_length=64), default=list)

    class Meta:
        db_table = "offers_product"
        constraints = (models.UniqueConstraint(fields=["sku"], name="offers_product_sku"),)


class Offer(models.Model):
    """An offer under its name; what it promises is said by its versions.

    `organisation` is whose offer it is, None the whole issuer's. `face` is what it looks like
    (`faces.Face`), empty where nobody said.
    """

    id = models.AutoField(primary_key=True)
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=100)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    face = models.JSONField(default=dict)

    class Meta:
        db_table = "offers_offer"
        constraints = (models.UniqueConstraint(fields=["code"], name="offers_offer_code"),)


class OfferVersion(models.Model):
    """One wording of an offer's terms. Once `used`, a trigger lets nobody change or delete it.

    `is_aside`: it betters what was issued under an older version; new batches get the newest other.
    """

    id = models.AutoField(primary_key=True)
    offer = models.ForeignKey(Offer, models.PROTECT, related_name="versions")
    number = models.IntegerField()
    terms = models.JSONField()
    used = models.BooleanField(default=False)
    is_aside = models.BooleanField(default=False, db_default=False)
    published_at = models.DateTimeField()

    class Meta:
        db_table = "offers_offerversion"
        constraints = (
            models.UniqueConstraint(fields=["offer", "number"], name="offers_offerversion_number"),
        )
