"""Accounts, roles, and who holds which role in which part of the tree until when."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from kaquan.foundation.encrypted_fields import EncryptedTextField
from kaquan.organisations.models import Organisation


class StaffUserManager(BaseUserManager["StaffUser"]):
    """Finds accounts by the name that people type."""

    def get_by_natural_key(self, username: str | None) -> "StaffUser":
        """The account, whatever the case of the letters."""
        return self.get(username=(username or "").lower())


class StaffUser(AbstractBaseUser):
    """Someone with an account. `organisation` is where they belong, None to the head office; what
    they may do, and where, their roles say alone. The phone is sealed. `search_text` is what a
    search looks through: names and their sounds."""

    id = models.AutoField(primary_key=True)
    username = models.CharField(max_length=64)
    name = models.CharField(max_length=100)
    email = models.EmailField(blank=True)
    phone = EncryptedTextField(null=True)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    is_active = models.BooleanField(default=True)
    must_change_password = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=100)
    search_text = models.TextField(blank=True, default="", db_default="")

    objects: ClassVar[StaffUserManager] = StaffUserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        db_table = "staff_user"
        constraints = (
            models.UniqueConstraint(fields=["username"], name="staff_user_username"),
            models.CheckConstraint(
                condition=Q(username=Lower("username")), name="staff_user_username_lower"
            ),
        )

    def __str__(self) -> str:
        return self.username

    def get_full_name(self) -> str:
        """The name that pages show."""
        return self.name


class Administers(models.TextChoices):
    """Which of the three separated administrators a role makes; nobody may be two of them."""

    NOTHING = "", "—"
    SYSTEM = "system", "系统"
    SECURITY = "security", "安全"
    AUDIT = "audit", "审计"


class Role(models.Model):
    """A named set of permissions. One that somebody composed belongs to a part of the tree and can
    be held there and below; None is the whole issuer. `revision` counts its changes."""

    code = models.CharField(max_length=64, primary_key=True)
    name_zh = models.CharField(max_length=64)
    name_en = models.CharField(max_length=64)
    permissions = ArrayField(models.CharField(max_length=64))
    administers = models.CharField(
        max_length=16, choices=Administers, default=Administers.NOTHING, blank=True
    )
    must_use_second_factor = models.BooleanField(default=False)
    built_in = models.BooleanField(default=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    revision = models.IntegerField(default=1, db_default=1)

    class Meta:
        db_table = "staff_role"
        constraints = (
            models.CheckConstraint(
                condition=Q(administers__in=Administers.values), name="staff_role_administers"
            ),
        )

    def __str__(self) -> str:
        return self.code


class RoleGrant(models.Model):
    """Someone holds a role at a node and everywhere below it; None is the whole tree."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(StaffUser, models.PROTECT, related_name="grants")
    role = models.ForeignKey(Role, models.PROTECT, related_name="grants")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    granted_by = models.CharField(max_length=100)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=100, blank=True)

    class Meta:
        db_table = "staff_role_grant"
        indexes = (
            models.Index(
                fields=["user"], condition=Q(revoked_at__isnull=True), name="staff_role_grant_user"
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["user", "role", "organisation"],
                condition=Q(revoked_at__isnull=True),
                nulls_distinct=False,
                name="staff_role_grant_once",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=models.F("starts_at")),
                name="staff_role_grant_time",
            ),
        )

    def __str__(self) -> str:
        return f"{self.user_id} {self.role_id}"


class Announcement(models.Model):
    """Something that people are told on every page of the console, for a time.

    `organisation` None and no `roles` tell everybody; else those who act there or below, and hold
    one of the roles. Taken back, it is shown no more.
    """

    id = models.AutoField(primary_key=True)
    title_zh = models.CharField(max_length=100)
    title_en = models.CharField(max_length=100, blank=True)
    text_zh = models.TextField(blank=True)
    text_en = models.TextField(blank=True)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    roles = ArrayField(models.CharField(max_length=64), default=list)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=100)

    class Meta:
        db_table = "staff_announcement"
        indexes = (models.Index(fields=["ends_at"], name="staff_announcement_ends"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(ends_at__gt=models.F("starts_at")), name="staff_announcement_time"
            ),
        )

    def __str__(self) -> str:
        return self.title_zh


class AnnouncementDismissal(models.Model):
    """Somebody has read an announcement and wants to see it no more."""

    pk = models.CompositePrimaryKey("announcement_id", "user_id")
    announcement = models.ForeignKey(Announcement, models.CASCADE, related_name="dismissals")
    user = models.ForeignKey(StaffUser, models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        db_table = "staff_announcement_dismissal"

    def __str__(self) -> str:
        return f"{self.announcement_id} {self.user_id}"


class LoginEvent(models.TextChoices):
    """What happened at the door to an account, or behind it."""

    IN = "in", "登录成功"
    OUT = "out", "退出登录"
    WRONG_PASSWORD = "wrong_password", "密码错误"
    WRONG_FACTOR = "wrong_factor", "二次验证错误"
    LOCKED_OUT = "locked_out", "错误过多，暂停登录"
    STOPPED = "stopped", "账号已停用"
    PASSWORD = "password", "自己修改密码"
    FACTOR_ADDED = "factor_added", "添加二次验证"
    FACTOR_REMOVED = "factor_removed", "移除二次验证"
    DENIED = "denied", "无权访问"


class LoginRecord(models.Model):
    """One such event. `user` is None where nobody has the name that was typed; the name itself is
    not kept, for people type passwords there by mistake. `about` is how somebody logged in, which
    second factor it was, or which page was denied. The database refuses to change a record, and to
    delete one that is younger than half a year."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    user = models.ForeignKey(StaffUser, models.PROTECT, null=True, related_name="+", db_index=False)
    event = models.CharField(max_length=16, choices=LoginEvent)
    about = models.CharField(max_length=64, blank=True)
    ip = models.CharField(max_length=64, blank=True)
    user_agent = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "staff_login_record"
        indexes = (
            models.Index(fields=["user", "id"], name="staff_login_record_user"),
            models.Index(fields=["event", "id"], name="staff_login_record_event"),
            models.Index(fields=["at"], name="staff_login_record_at"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(event__in=LoginEvent.values), name="staff_login_record_event_known"
            ),
        )

    def __str__(self) -> str:
        return f"{self.id} {self.event}"
