"""Who pays, and how much may be given away. The money itself is in the ledger."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from kaquan.organisations.models import Organisation


class Funder(models.Model):
    """Someone who pays for vouchers; offers' terms name its id. 0 in terms is the issuer."""

    id = models.AutoField(primary_key=True)
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=100)

    class Meta:
        db_table = "budgets_funder"
        constraints = (models.UniqueConstraint(fields=["code"], name="budgets_funder_code"),)


def usual_warnings() -> list[int]:
    """At how many percent somebody is told, unless the budget says otherwise."""
    return [80, 95]


class Budget(models.Model):
    """A budget; its id is that of the ledger's budget, which knows the amounts.

    `funder` None: the issuer. `organisation` is whose budget it is, None the whole issuer's.
    `path` holds the ids from the topmost budget down to itself, ten digits each with a full stop:
    all below a budget have paths that begin with its own, and parents sort before their children.
    `warn_percents`: how much of the total may be gone before somebody is told.
    """

    id = models.AutoField(primary_key=True)
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=100)
    funder = models.ForeignKey(Funder, models.PROTECT, null=True, related_name="budgets")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    path = models.TextField(db_collation="C", blank=True, default="")
    warn_percents = ArrayField(models.SmallIntegerField(), default=usual_warnings)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "budgets_budget"
        constraints = (models.UniqueConstraint(fields=["code"], name="budgets_budget_code"),)
        indexes = (
            models.Index(fields=["path", "id"], name="budgets_budget_path"),
            models.Index(fields=["name", "id"], name="budgets_budget_name"),
        )


class BudgetAlert(models.Model):
    """That a budget has used a share of its total: one for each time that it came to that.

    It ends when the budget falls below that share again, or is closed; `seen_at` is when somebody
    said that they know.
    """

    id = models.BigAutoField(primary_key=True)
    budget = models.ForeignKey(Budget, models.CASCADE, related_name="alerts", db_index=False)
    percent = models.SmallIntegerField()
    used_fen = models.BigIntegerField()
    total_fen = models.BigIntegerField()
    raised_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    seen_by = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        db_table = "budgets_alert"
        constraints = (
            models.UniqueConstraint(
                fields=["budget", "percent"],
                condition=Q(ended_at__isnull=True),
                name="budgets_alert_open_once",
            ),
        )
        indexes = (
            models.Index(fields=["budget", "id"], name="budgets_alert_budget"),
            models.Index(
                fields=["id"],
                condition=Q(ended_at__isnull=True, seen_at__isnull=True),
                name="budgets_alert_waiting",
            ),
        )
