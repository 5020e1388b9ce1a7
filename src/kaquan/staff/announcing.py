"""Announcements: what people are told on every page of the console until they have read it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.changes.actions import fields_of, record_row
from kaquan.organisations.models import Organisation
from kaquan.organisations.queries import organisation_by_id, own_organisation_id, within
from kaquan.staff.errors import announcement_unknown, value_invalid
from kaquan.staff.models import Announcement, AnnouncementDismissal, StaffUser
from kaquan.staff.permissions import ANNOUNCE
from kaquan.staff.queries import visible_roles

KIND = "announcement"
SHOWN_AT_ONCE_MAX = 3
TEXT_CHARACTERS_MAX = 2_000
_SHOWN = (
    *("title_zh", "title_en", "text_zh", "text_en", "organisation", "roles"),
    *("starts_at", "ends_at", "withdrawn_at"),
)

read_title = cells.text(100)


def announce(
    *,
    actor: Actor,
    title_zh: str,
    title_en: str = "",
    text_zh: str = "",
    text_en: str = "",
    starts_at: datetime,
    ends_at: datetime,
    organisation_id: int | None = None,
    roles: Collection[str] = (),
    at: datetime,
) -> Announcement:
    """Tell people something, by default everybody in the actor's own part of the tree.

    Raises `organisation_unknown`, `value_invalid`.
    """
    require(actor, ANNOUNCE)
    belongs_to = organisation_id or own_organisation_id(actor)
    announcement = Announcement(created_at=at, created_by=actor.id)
    _fill(
        actor,
        announcement,
        titles=(title_zh, title_en),
        texts=(text_zh, text_en),
        days=(starts_at, ends_at),
        organisation=organisation_by_id(actor, belongs_to) if belongs_to else None,
        roles=roles,
    )
    with transaction.atomic():
        announcement.save(force_insert=True)
        _keep(actor, "announcements.create", announcement, before=None)
    return announcement


def change_announcement(
    *,
    actor: Actor,
    announcement_id: int,
    title_zh: str,
    title_en: str = "",
    text_zh: str = "",
    text_en: str = "",
    starts_at: datetime,
    ends_at: datetime,
    organisation_id: int | None = None,
    roles: Collection[str] = (),
) -> Announcement:
    """Say it in other words; those who have read it are told again. Raises `announcement_unknown`,
    `organisation_unknown`, `value_invalid`."""
    require(actor, ANNOUNCE)
    belongs_to = organisation_id or own_organisation_id(actor)
    with transaction.atomic():
        announcement = announcement_by_id(actor, announcement_id, for_update=True)
        before = fields_of(announcement, *_SHOWN)
        _fill(
            actor,
            announcement,
            titles=(title_zh, title_en),
            texts=(text_zh, text_en),
            days=(starts_at, ends_at),
            organisation=organisation_by_id(actor, belongs_to) if belongs_to else None,
            roles=roles,
        )
        announcement.save()
        AnnouncementDismissal.objects.filter(announcement=announcement).delete()
        _keep(actor, "announcements.change", announcement, before=before)
        return announcement


def withdraw_announcement(*, actor: Actor, announcement_id: int, at: datetime) -> Announcement:
    """Show it no more; a second time changes nothing. Raises `announcement_unknown`."""
    require(actor, ANNOUNCE)
    with transaction.atomic():
        announcement = announcement_by_id(actor, announcement_id, for_update=True)
        before = fields_of(announcement, *_SHOWN)
        announcement.withdrawn_at = announcement.withdrawn_at or at
        announcement.save(update_fields=["withdrawn_at"])
        _keep(actor, "announcements.withdraw", announcement, before=before)
        return announcement


def announcement_by_id(
    actor: Actor, announcement_id: int, *, for_update: bool = False
) -> Announcement:
    """One announcement; raises `announcement_unknown`."""
    require(actor, ANNOUNCE)
    rows = within(actor, Announcement.objects.filter(id=announcement_id), "organisation")
    rows = rows.select_related("organisation")
    announcement = (rows.select_for_update(of=("self",)) if for_update else rows).first()
    if announcement is None:
        raise announcement_unknown(announcement_id)
    return announcement


def announcements_for(
    user: StaffUser,
    actor: Actor,
    *,
    roles: Collection[str],
    at: datetime,
    limit: int = SHOWN_AT_ONCE_MAX,
) -> Sequence[Announcement]:
    """What somebody with these roles has not read yet where they act now, the latest first."""
    above = [int(part) for part in actor.organisation_path.split(".")[:-1]]
    rows = Announcement.objects.filter(
        Q(organisation__isnull=True) | Q(organisation__in=above),
        Q(roles=[]) | Q(roles__overlap=sorted(roles)),
        withdrawn_at__isnull=True,
        starts_at__lte=at,
        ends_at__gt=at,
    )
    rows = rows.exclude(dismissals__user=user)
    return list(rows.order_by("-id")[:limit])


def dismiss(*, user: StaffUser, announcement_id: int, at: datetime) -> None:
    """Somebody has read it; what there is not is nothing to read."""
    if Announcement.objects.filter(id=announcement_id).exists():
        AnnouncementDismissal.objects.bulk_create(
            [AnnouncementDismissal(announcement_id=announcement_id, user=user, at=at)],
            ignore_conflicts=True,
        )


def _fill(
    actor: Actor,
    announcement: Announcement,
    *,
    titles: tuple[str, str],
    texts: tuple[str, str],
    days: tuple[datetime, datetime],
    organisation: Organisation | None,
    roles: Collection[str],
) -> None:
    if days[1] <= days[0]:
        raise value_invalid("结束时间须晚于开始时间。", "The end must be later than the beginning.")
    if max(map(len, texts)) > TEXT_CHARACTERS_MAX:
        raise value_invalid(
            f"正文最多 {TEXT_CHARACTERS_MAX} 字。",
            f"The text may have {TEXT_CHARACTERS_MAX} characters.",
        )
    known = set(visible_roles(actor).filter(code__in=roles).values_list("code", flat=True))
    if set(roles) - known:
        listed = ", ".join(sorted(one[:64] for one in set(roles) - known))
        raise value_invalid(f"没有角色：{listed}。", f"There are no such roles: {listed}.")
    announcement.title_zh = cells.accepted(read_title, titles[0], zh="标题", en="title")
    announcement.title_en = (
        cells.accepted(read_title, titles[1], zh="英文标题", en="English title")
        if titles[1].strip()
        else ""
    )
    announcement.text_zh, announcement.text_en = texts[0].strip(), texts[1].strip()
    announcement.starts_at, announcement.ends_at = days
    announcement.organisation, announcement.roles = organisation, sorted(known)


def _keep(
    actor: Actor, verb: str, announcement: Announcement, *, before: dict[str, object] | None
) -> None:
    record_row(
        actor=actor,
        verb=verb,
        kind=KIND,
        row=announcement,
        name=announcement.title_zh,
        fields=_SHOWN,
        organisation_path=announcement.organisation.path if announcement.organisation else "",
        before=before,
    )
