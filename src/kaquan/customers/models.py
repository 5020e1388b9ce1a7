"""Who the vouchers are for."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now

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

    Of a birthday only the month can be asked for. `consents` are the purposes agreed to at present;
    the table of consents says since when and how.
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
    merged_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)
    joined_at = models.DateTimeField(db_default=Now())
    birthday = EncryptedTextField(null=True)
    birth_month = models.SmallIntegerField(null=True)
    consents = ArrayField(models.CharField(max_length=32), default=list, db_default=[])

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
                    birthday__isnull=True,
                    birth_month__isnull=True,
                    consents=[],
                ),
                name="customers_customer_erased",
            ),
            models.CheckConstraint(
                condition=models.Q(birth_month__isnull=True)
                | models.Q(birth_month__gte=1, birth_month__lte=12),
                name="customers_customer_birth_month",
            ),
        )
        indexes = (
            models.Index(fields=["phone_index"], name="customers_customer_phone"),
            models.Index(fields=["person_id"], name="customers_customer_person_id"),
            GinIndex(fields=["tags"], name="customers_customer_tags"),
            GinIndex(fields=["finders"], name="customers_customer_finders"),
            models.Index(fields=["organisation", "id"], name="customers_customer_of"),
            models.Index(
                fields=["id"],
                condition=models.Q(erased_at__isnull=False),
                name="customers_customer_gone",
            ),
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


class IdentityKind(models.TextChoices):
    """What a customer is known by elsewhere."""

    WECHAT = "wechat", "微信 OpenID"
    ALIPAY = "alipay", "支付宝用户号"
    PHONE = "phone", "其他手机号"
    OTHER = "other", "其他系统的编号"


class Identity(models.Model):
    """A name that another system has for a customer, sealed; `value_index` finds it unopened.

    An identity other than a phone is one customer's alone.
    """

    id = models.BigAutoField(primary_key=True)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="identities")
    kind = models.CharField(max_length=16, choices=IdentityKind)
    value = EncryptedTextField()
    value_index = models.BinaryField()
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=200)

    class Meta:
        db_table = "customers_identity"
        constraints = (
            models.UniqueConstraint(
                fields=["kind", "value_index"],
                condition=~models.Q(kind=IdentityKind.PHONE),
                name="customers_identity_once",
            ),
        )
        indexes = (models.Index(fields=["value_index"], name="customers_identity_value"),)


class Purpose(models.TextChoices):
    """What personal information may be used for besides the contract itself."""

    SMS = "marketing_sms", "短信营销"
    WECHAT = "marketing_wechat", "微信消息营销"
    CALL = "marketing_call", "电话营销"
    PROFILING = "profiling", "个性化推荐"
    SHARING = "sharing", "与合作方共享"


class Consent(models.Model):
    """A customer agreed to a purpose, or took that back: how, and to which wording.

    Rows are only added; the last one of a purpose counts. They name nobody, and stay as evidence.
    """

    id = models.BigAutoField(primary_key=True)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="consent_records")
    purpose = models.CharField(max_length=32, choices=Purpose)
    given = models.BooleanField()
    at = models.DateTimeField()
    source = models.CharField(max_length=64)
    text_version = models.CharField(max_length=64)
    kept_by = models.CharField(max_length=200)

    class Meta:
        db_table = "customers_consent"
        indexes = (models.Index(fields=["customer", "-id"], name="customers_consent_of"),)


class Note(models.Model):
    """What somebody at work wrote about a customer; never changed afterwards."""

    id = models.BigAutoField(primary_key=True)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="notes")
    text = EncryptedTextField()
    at = models.DateTimeField()
    author_id = models.CharField(max_length=100)
    author_name = models.CharField(max_length=200)

    class Meta:
        db_table = "customers_note"
        indexes = (models.Index(fields=["customer", "-id"], name="customers_note_of"),)


class Task(models.Model):
    """Something to be done for a customer by a day, by one person or by anyone."""

    id = models.BigAutoField(primary_key=True)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="tasks")
    title = EncryptedTextField()
    due_on = models.DateField()
    assignee_id = models.CharField(max_length=100, blank=True)
    assignee_name = models.CharField(max_length=200, blank=True)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=200)
    done_at = models.DateTimeField(null=True)
    done_by = models.CharField(max_length=200, blank=True)
    outcome = EncryptedTextField(null=True)

    class Meta:
        db_table = "customers_task"
        indexes = (
            models.Index(fields=["customer", "-id"], name="customers_task_of"),
            models.Index(fields=["due_on", "id"], name="customers_task_due"),
            models.Index(
                fields=["assignee_id", "due_on", "id"],
                condition=models.Q(done_at__isnull=True),
                name="customers_task_assignee",
            ),
        )


class Uses(models.Model):
    """How often a customer has used vouchers, counted from the blocks; reversals take off again."""

    customer = models.OneToOneField(Customer, models.PROTECT, primary_key=True, related_name="uses")
    uses = models.IntegerField()
    discount_fen = models.BigIntegerField()
    last_used_at = models.DateTimeField()

    class Meta:
        db_table = "customers_uses"


class BearerUse(models.Model):
    """A voucher that was nobody's, used by a customer whom the till named: it is in no customer's
    name, so only this leads from the customer to it."""

    pk = models.CompositePrimaryKey("customer_id", "block", "index", "serial")
    customer_id = models.BigIntegerField()
    block = models.BigIntegerField()
    serial = models.BigIntegerField()
    at = models.DateTimeField()
    index = models.IntegerField()

    class Meta:
        db_table = "customers_bearer_use"
        indexes = (models.Index(fields=["customer_id", "-at"], name="customers_bearer_use_last"),)


class Purchases(models.Model):
    """What a customer's orders come to, as far as tills have told of them."""

    customer = models.OneToOneField(
        Customer, models.PROTECT, primary_key=True, related_name="purchases"
    )
    orders = models.IntegerField()
    spend_fen = models.BigIntegerField()
    last_ordered_at = models.DateTimeField()

    class Meta:
        db_table = "customers_purchases"


class Segment(models.Model):
    """A named set of customers, told by conditions; whoever fits is in it at that moment.

    One that is `in_offers` is known to every till: terms may ask for it like for a tag.
    """

    id = models.AutoField(primary_key=True)
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=100)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    conditions = models.JSONField()
    in_offers = models.BooleanField(default=False)
    active = models.BooleanField(default=True)
    revision = models.IntegerField(default=1)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=200)
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "customers_segment"
        constraints = (
            models.UniqueConstraint(fields=["code"], name="customers_segment_code"),
            models.CheckConstraint(
                condition=models.Q(active=True) | models.Q(in_offers=False),
                name="customers_segment_in_use",
            ),
        )
        indexes = (models.Index(fields=["name", "id"], name="customers_segment_name"),)
