"""The side menu: groups of screens, each shown to those who may open it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from kaquan.foundation.actor import EVERY_PERMISSION, Actor
from kaquan.surfaces.console.kit.cells import Text


@dataclass(frozen=True, slots=True)
class Entry:
    """A screen in the menu, by the name of its address."""

    name: str
    title: Text
    permission: str

    @property
    def href(self) -> str:
        """Where it is."""
        return reverse(f"console:{self.name}")


@dataclass(frozen=True, slots=True)
class Group:
    """Entries under one heading."""

    title: Text
    entries: tuple[Entry, ...]


def holds(actor: Actor, permission: str) -> bool:
    """Whether an actor has a permission; what is shown follows it, what is done asks again."""
    return (
        not permission or permission in actor.permissions or EVERY_PERMISSION in actor.permissions
    )


def shown(groups: Sequence[Group], actor: Actor) -> list[Group]:
    """What of the menu an actor may open."""
    visible = [
        Group(group.title, tuple(one for one in group.entries if holds(actor, one.permission)))
        for group in groups
    ]
    return [group for group in visible if group.entries]
