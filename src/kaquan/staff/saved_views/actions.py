"""Keeping, sharing and deleting views. What is shared is configuration: the change log has it."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from kaquan.foundation.actor import Actor, require
from kaquan.foundation.changes.actions import fields_of, record_row
from kaquan.staff.saved_views.errors import view_exists, view_invalid, views_too_many
from kaquan.staff.saved_views.models import SavedView
from kaquan.staff.saved_views.queries import SHARE, own_view

KIND = "saved_view"
VIEWS_MAX = 100
NAME_CHARACTERS_MAX = 60
QUERY_CHARACTERS_MAX = 2_000
_KEPT = ("screen", "name", "query", "shared_path")


def save_view(
    *,
    actor: Actor,
    screen: str,
    name: str,
    query: str,
    at: datetime,
    is_default: bool = False,
    shared: bool = False,
) -> SavedView:
    """Keep a query of a list under a name, for oneself or for one's part of the tree.

    Raises `view_exists`, `views_too_many`, `value_invalid`, `permission_denied`.
    """
    if shared:
        require(actor, SHARE)
    name = name.strip()
    if not 0 < len(name) <= NAME_CHARACTERS_MAX or len(query) > QUERY_CHARACTERS_MAX:
        raise view_invalid(QUERY_CHARACTERS_MAX)
    with transaction.atomic():
        if SavedView.objects.filter(owner=actor.id).count() >= VIEWS_MAX:
            raise views_too_many(VIEWS_MAX)
        if is_default:
            _clear_default(actor, screen)
        try:
            with transaction.atomic():
                view = SavedView.objects.create(
                    owner=actor.id,
                    owner_name=actor.name,
                    screen=screen,
                    name=name,
                    query=query,
                    is_default=is_default,
                    shared_path=actor.organisation_path if shared else None,
                    created_at=at,
                )
        except IntegrityError:
            raise view_exists(name) from None
        if shared:
            _record(actor, "saved_view.share", view)
        return view


def set_default(*, actor: Actor, view_id: int, is_default: bool) -> SavedView:
    """Let a list open with a view of one's own, or as it is; raises `view_unknown`."""
    with transaction.atomic():
        view = own_view(actor, view_id)
        if is_default:
            _clear_default(actor, view.screen)
        view.is_default = is_default
        view.save(update_fields=["is_default"])
        return view


def share_view(*, actor: Actor, view_id: int, shared: bool) -> SavedView:
    """Let one's part of the tree use a view, or nobody else any more.

    Raises `view_unknown`, `permission_denied`.
    """
    require(actor, SHARE)
    with transaction.atomic():
        view = own_view(actor, view_id)
        path = view.shared_path if view.shared_path is not None else actor.organisation_path
        before = fields_of(view, *_KEPT)
        view.shared_path = actor.organisation_path if shared else None
        view.save(update_fields=["shared_path"])
        record_row(
            actor=actor,
            verb="saved_view.share" if shared else "saved_view.unshare",
            kind=KIND,
            row=view,
            name=view.name,
            fields=_KEPT,
            organisation_path=path,
            before=before,
        )
        return view


def delete_view(*, actor: Actor, view_id: int) -> SavedView:
    """Take a view of one's own away, also from those it was shared with; raises `view_unknown`."""
    with transaction.atomic():
        view = own_view(actor, view_id)
        if view.shared_path is not None:
            _record(actor, "saved_view.delete", view, gone=True)
        SavedView.objects.filter(id=view.id).delete()
        return view


def _clear_default(actor: Actor, screen: str) -> None:
    SavedView.objects.filter(owner=actor.id, screen=screen, is_default=True).update(
        is_default=False
    )


def _record(actor: Actor, verb: str, view: SavedView, *, gone: bool = False) -> None:
    record_row(
        actor=actor,
        verb=verb,
        kind=KIND,
        row=view,
        name=view.name,
        fields=_KEPT,
        organisation_path=view.shared_path or "",
        gone=gone,
    )
