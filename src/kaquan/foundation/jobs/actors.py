"""Who asked for a job, kept with it: the work acts in that name, within the same bounds."""

from typing import Any

from kaquan.foundation.actor import Actor, ActorKind


def as_json(actor: Actor) -> dict[str, Any]:
    """An actor as a job's row keeps it."""
    return {
        "kind": str(actor.kind),
        "id": actor.id,
        "name": actor.name,
        "permissions": sorted(actor.permissions),
        "organisation_path": actor.organisation_path,
    }


def from_json(kept: dict[str, Any]) -> Actor:
    """The actor again."""
    return Actor(
        kind=ActorKind(kept["kind"]),
        id=kept["id"],
        name=kept["name"],
        permissions=frozenset(kept["permissions"]),
        organisation_path=kept["organisation_path"],
    )
