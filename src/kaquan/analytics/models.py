"""What the tail has counted, what happened last, and what the proofs said."""

from django.db import models


class Counter(models.Model):
    """How much of something happened on one day of the issuer's zone in one batch (0: in none).

    ``name`` is one that ``counting`` knows; those that end in ``_fen`` count money, the others
    vouchers or commands.
    """

    pk = models.CompositePrimaryKey("day", "batch_id", "name")
    day = models.DateField()
    batch_id = models.IntegerField()
    name = models.CharField(max_length=64)
    value = models.BigIntegerField()

    class Meta:
        db_table = "analytics_counter"
        indexes = (models.Index(fields=["batch_id", "name"], name="analytics_counter_batch"),)


class StoreCounter(models.Model):
    """The same for one store, where something happened in one.

    A reversal counts in the store of the use that it undoes, on its own day.
    """

    pk = models.CompositePrimaryKey("day", "store_id", "name")
    day = models.DateField()
    store_id = models.BigIntegerField()
    name = models.CharField(max_length=64)
    value = models.BigIntegerField()

    class Meta:
        db_table = "analytics_storecounter"
        indexes = (models.Index(fields=["store_id", "day"], name="analytics_storecounter_store"),)


class DayCounter(models.Model):
    """The counters of all batches together, day by day: a nationwide issuer has ten thousand of
    them a day, too many to add up for each look."""

    pk = models.CompositePrimaryKey("day", "name")
    day = models.DateField()
    name = models.CharField(max_length=64)
    value = models.BigIntegerField()

    class Meta:
        db_table = "analytics_daycounter"


class HourCounter(models.Model):
    """What happened in an hour of a day in one store (0: in none; -1: anywhere), for the last days
    alone."""

    pk = models.CompositePrimaryKey("day", "hour", "store_id", "name")
    day = models.DateField()
    hour = models.SmallIntegerField()
    store_id = models.BigIntegerField()
    name = models.CharField(max_length=64)
    value = models.BigIntegerField()

    class Meta:
        db_table = "analytics_hourcounter"


class TradeDay(models.Model):
    """What happened on a day in one store (0: in none) through one channel.

    ``orders`` counts uses, whatever the number of vouchers. A reversal counts where the use was
    that it undoes, on its own day.
    """

    pk = models.CompositePrimaryKey("day", "store_id", "channel")
    day = models.DateField()
    store_id = models.BigIntegerField()
    channel = models.CharField(max_length=32)
    issued = models.BigIntegerField()
    redeemed = models.BigIntegerField()
    reversed = models.BigIntegerField()
    orders = models.BigIntegerField()
    discount_fen = models.BigIntegerField()
    returned_fen = models.BigIntegerField()
    cost_fen = models.BigIntegerField()
    cost_returned_fen = models.BigIntegerField()

    class Meta:
        db_table = "analytics_tradeday"
        indexes = (models.Index(fields=["store_id", "day"], name="analytics_tradeday_store"),)


class ClerkDay(models.Model):
    """What somebody (``actor``, as the commands name them) did at the tills of one store on a day.

    ``refused`` counts uses that were refused, ``last_at`` is the last moment of any of it.
    """

    pk = models.CompositePrimaryKey("day", "store_id", "actor")
    day = models.DateField()
    store_id = models.BigIntegerField()
    actor = models.CharField(max_length=100)
    orders = models.BigIntegerField()
    redeemed = models.BigIntegerField()
    reversed = models.BigIntegerField()
    refused = models.BigIntegerField()
    discount_fen = models.BigIntegerField()
    returned_fen = models.BigIntegerField()
    last_at = models.DateTimeField()

    class Meta:
        db_table = "analytics_clerkday"
        indexes = (models.Index(fields=["store_id", "day"], name="analytics_clerkday_store"),)


class AccountTotal(models.Model):
    """What all entries come to on one account in one unit: ``balance`` = credited − debited.

    Accounts of single vouchers and holders are one account together, whose ``account_id`` is 0.
    """

    id = models.BigAutoField(primary_key=True)
    account = models.SmallIntegerField()
    account_id = models.BigIntegerField()
    unit = models.SmallIntegerField()
    debited = models.BigIntegerField()
    credited = models.BigIntegerField()
    balance = models.BigIntegerField()
    entries = models.BigIntegerField()

    class Meta:
        db_table = "analytics_account"
        constraints = (
            models.UniqueConstraint(
                fields=["account", "account_id", "unit"], name="analytics_account_once"
            ),
            models.CheckConstraint(
                condition=models.Q(balance=models.F("credited") - models.F("debited")),
                name="analytics_account_balance",
            ),
        )
        indexes = (
            models.Index(fields=["balance", "id"], name="analytics_account_by_balance"),
            models.Index(fields=["entries", "id"], name="analytics_account_by_entries"),
        )


class Event(models.Model):
    """One of the commands that were booked last, for the first page; nobody is named in it.

    ``at`` is its business time, ``refusal`` the outcome's code, empty where it was done.
    """

    pk = models.CompositePrimaryKey("block", "index")
    block = models.BigIntegerField()
    index = models.SmallIntegerField()
    booked_at = models.DateTimeField()
    at = models.DateTimeField()
    operation = models.CharField(max_length=32)
    refusal = models.CharField(max_length=40, blank=True)
    batch_id = models.IntegerField(null=True)
    store_id = models.BigIntegerField(null=True)
    amount_fen = models.BigIntegerField()

    class Meta:
        db_table = "analytics_event"


class ProofRun(models.Model):
    """What one proof of the ledger found. ``fault`` is its first finding, empty if none;
    ``asked_by`` who asked for it on a page, empty for the command line."""

    ran_at = models.DateTimeField()
    ok = models.BooleanField()
    blocks = models.BigIntegerField()
    entries = models.BigIntegerField()
    vouchers = models.BigIntegerField()
    seconds = models.FloatField()
    head = models.CharField(max_length=64, blank=True)
    fault = models.TextField(blank=True)
    asked_by = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        db_table = "analytics_proofrun"
        indexes = (models.Index(fields=["-ran_at"], name="analytics_proofrun_last"),)
