"""Who pays, and how much may be given away. The money itself is in the ledger."""

from django.db import models

from kaquan.organisations.models import Organisation


class Funder(models.Model):
    """Someone who pays for vouchers; offers' terms name its id. 0 in terms is the issuer."""

    id = models.AutoField(primary_key=True)
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=100)

    class Meta:
        db_table = "budgets_funder"
        constraints = (models.UniqueConstraint(fields=["code"], name="budgets_funder_code"),)


class Budget(models.Model):
    """A budget; its id is that of the ledger's budget, which knows the amounts.

    `funder` None: the issuer. `organisation` is whose budget it is, None the whole issuer's.
    """

    id = models.AutoField(primary_key=True)
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=100)
    funder = models.ForeignKey(Funder, models.PROTECT, null=True, related_name="budgets")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "budgets_budget"
        constraints = (models.UniqueConstraint(fields=["code"], name="budgets_budget_code"),)
