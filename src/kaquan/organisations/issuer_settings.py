"""What the issuer may change while everything runs; what an installation is told from outside is
in `foundation/configuration.py`.

A setting that is not declared here does not exist, and each one does something.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from kaquan.foundation import clock
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.changes.actions import record_change
from kaquan.organisations.errors import (
    only_the_whole_tree,
    setting_changed_meanwhile,
    setting_invalid,
    setting_unknown,
)
from kaquan.organisations.models import IssuerSetting

PERMISSION = "settings.edit"
KIND = "issuer_setting"


@dataclass(frozen=True, slots=True)
class SettingKind:
    """One setting. ``choices`` empty: a switch where the default is a bool, a line of at most so
    many ``characters`` where it is a text, else a whole number from ``least`` to ``most``."""

    name: str
    default: bool | int | str
    zh: str
    en: str
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int = 0
    characters: int = 0

    def checked(self, value: object) -> bool | int | str:
        """The value, if the setting can be that; raises `value_invalid`."""
        if isinstance(self.default, bool):
            if isinstance(value, bool):
                return value
        elif self.choices:
            if isinstance(value, str) and value in self.choices:
                return value
        elif self.characters:
            if value == "":
                return ""
            line: str = cells.accepted(cells.text(self.characters), value, zh=self.zh, en=self.en)
            return line
        elif isinstance(value, int) and not isinstance(value, bool):
            if self.least <= value <= self.most:
                return value
            raise setting_invalid(self.zh, self.en, f"{self.least:,}–{self.most:,}")
        raise setting_invalid(self.zh, self.en, ", ".join(self.choices))


APPROVALS_REQUIRED = SettingKind(
    "approvals_required",
    False,
    "活动须经审批才能开始（含接口创建的活动）",
    "Campaigns start only once approved, those made over the API too",
)
LANGUAGE = SettingKind(
    "language",
    "browser",
    "运营后台的语言（个人选择的优先）",
    "Language of the console, for people who have not chosen one",
    choices=("browser", "zh-hans", "en"),
)
IDLE_MINUTES = SettingKind(
    "idle_minutes",
    120,
    "多少分钟不操作后自动退出",
    "Minutes without any use after which people are logged out",
    least=5,
    most=1_440,
)
EXPORT_ROWS_MAX = SettingKind(
    "export_rows_max",
    200_000,
    "列表导出的最多行数",
    "Rows that the export of a list holds at most",
    least=100,
    most=1_000_000,
)
SLIP_DAYS = SettingKind(
    "slip_days",
    30,
    "纸质券联最多补登多少天以前的使用",
    "Days back that slips of paper vouchers are registered at most",
    least=1,
    most=366,
)
COUNTER_UNDO_MINUTES = SettingKind(
    "counter_undo_minutes",
    10,
    "店员在收银台可自行撤销核销的分钟数",
    "Minutes in which a clerk may undo a use at the counter without a supervisor",
    least=0,
    most=1_440,
)
OFFLINE_GRANT_HOURS = SettingKind(
    "offline_grant_hours",
    24,
    "收银台断网后最多还能离线核销多少小时",
    "Hours for which a counter may redeem without a network at most",
    least=1,
    most=24,
)
OFFLINE_ONLINE_PERCENT = SettingKind(
    "offline_online_percent",
    5,
    "断网时随机抽中、须联网才能核销的券的百分比（0 为不抽）",
    "Percent of vouchers, picked by chance, that are not taken without a network (0: none)",
    least=0,
    most=100,
)
STUB_PHOTO_DAYS = SettingKind(
    "stub_photo_days",
    180,
    "纸质券联和登记簿照片保留的天数",
    "Days for which photos of slips and register pages are kept",
    least=1,
    most=3_650,
)
ISSUER_NAME = SettingKind(
    "issuer_name",
    "",
    "发行方全称（顾客在卡包的隐私说明里看到）",
    "Full name of the issuer, as the wallet's privacy notice tells it",
    characters=60,
)
CUSTOMER_SERVICE = SettingKind(
    "customer_service",
    "",
    "客服联系方式（顾客在卡包里看到，如电话和工作时间）",
    "How customers reach you, as the wallet tells it: a phone number and hours",
    characters=100,
)
SMS_SOURCE_HOURLY = SettingKind(
    "sms_source_hourly",
    20,
    "卡包登录短信：同一网络地址每小时最多条数（多人共用门店 Wi-Fi 时可调高）",
    "Login messages that one network address may ask for in an hour: more where many share it",
    least=5,
    most=10_000,
)
SETTINGS: tuple[SettingKind, ...] = (
    APPROVALS_REQUIRED,
    LANGUAGE,
    IDLE_MINUTES,
    EXPORT_ROWS_MAX,
    SLIP_DAYS,
    STUB_PHOTO_DAYS,
    COUNTER_UNDO_MINUTES,
    OFFLINE_GRANT_HOURS,
    OFFLINE_ONLINE_PERCENT,
    ISSUER_NAME,
    CUSTOMER_SERVICE,
    SMS_SOURCE_HOURLY,
)
_BY_NAME = {one.name: one for one in SETTINGS}


def issuer_setting(name: str) -> Any:
    """The value of a setting, its default where nobody changed it; for the system, not scoped."""
    kind = _kind(name)
    kept = IssuerSetting.objects.filter(name=name).values_list("value", flat=True).first()
    return kind.default if kept is None else kept


def issuer_values(*names: str) -> Mapping[str, Any]:
    """The values of several at once."""
    kinds = [_kind(name) for name in names]
    kept = dict(IssuerSetting.objects.filter(name__in=names).values_list("name", "value"))
    return {one.name: kept.get(one.name, one.default) for one in kinds}


def issuer_settings(actor: Actor) -> Mapping[str, Any]:
    """All settings as they are."""
    require(actor, PERMISSION)
    kept = dict(IssuerSetting.objects.filter(name__in=_BY_NAME).values_list("name", "value"))
    return {one.name: kept.get(one.name, one.default) for one in SETTINGS}


def change_settings(
    *, actor: Actor, values: Mapping[str, object], expected: Mapping[str, object]
) -> Mapping[str, Any]:
    """Give settings other values; ``expected`` is what somebody saw when they chose. All or none.

    Raises `setting_unknown`, `value_invalid`, `setting_changed`, and `permission_denied` for
    people of one part of the tree: a setting counts for the whole issuer.
    """
    require(actor, PERMISSION)
    if actor.organisation_path:
        raise only_the_whole_tree()
    checked = {name: _kind(name).checked(value) for name, value in values.items()}
    with transaction.atomic():
        for name in sorted(checked):
            _change(actor, _kind(name), checked[name], expected.get(name))
        return issuer_settings(actor)


def _change(actor: Actor, kind: SettingKind, value: object, expected: object) -> None:
    row, _ = IssuerSetting.objects.select_for_update().get_or_create(
        name=kind.name,
        defaults={"value": kind.default, "changed_at": clock.now(), "changed_by": actor.id},
    )
    if expected is not None and row.value != expected:
        raise setting_changed_meanwhile(kind.zh, kind.en)
    before = row.value
    row.value, row.changed_at, row.changed_by = value, clock.now(), actor.id
    row.save()
    record_change(
        actor=actor,
        verb="settings.change",
        kind=KIND,
        object_id=kind.name,
        object_name=kind.name,
        before={"value": before},
        after={"value": value},
    )


def _kind(name: str) -> SettingKind:
    kind = _BY_NAME.get(name)
    if kind is None:
        raise setting_unknown(name)
    return kind
