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


class HourCounter(models.Model):
    """What happened in an hour of a day in one store (0: in none), for the last days alone."""

    pk = models.CompositePrimaryKey("day", "hour", "store_id", "name")
    day = models.DateField()
    hour = models.SmallIntegerField()
    store_id = models.BigIntegerField()
    name = models.CharField(max_length=64)
    value = models.BigIntegerField()

    class Meta:
        db_table = "analytics_hourcounter"


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
    """What one proof of the ledger found. ``fault`` is its first finding, empty if none."""

    ran_at = models.DateTimeField()
    ok = models.BooleanField()
    blocks = models.BigIntegerField()
    entries = models.BigIntegerField()
    vouchers = models.BigIntegerField()
    seconds = models.FloatField()
    head = models.CharField(max_length=64, blank=True)
    fault = models.TextField(blank=True)

    class Meta:
        db_table = "analytics_proofrun"
        indexes = (models.Index(fields=["-ran_at"], name="analytics_proofrun_last"),)
