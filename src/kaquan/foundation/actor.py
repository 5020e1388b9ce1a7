"""Who does something: every write names its actor, and permissions are asked in one way."""

from dataclasses import dataclass
from enum import StrEnum

from kaquan.foundation.errors import ExitCode, KaquanError

EVERY_PERMISSION = "*"


class ActorKind(StrEnum):
    """What sort of someone acts."""

    SYSTEM = "system"
    STAFF = "staff"
    CLERK = "clerk"
    CUSTOMER = "customer"
    API_KEY = "api_key"


@dataclass(frozen=True, slots=True)
class Actor:
    """Someone who acts, what they may do, and the part of the organisation they may do it in.

    `organisation_path` is the path of a node of the organisation tree; the root is "".
    """

    kind: ActorKind
    id: str
    name: str
    permissions: frozenset[str]
    organisation_path: str


def system_actor(name: str) -> Actor:
    """The installation itself, acting as `name` (such as "demo"); it may do everything."""
    return Actor(
        kind=ActorKind.SYSTEM,
        id=f"system:{name}",
        name=name,
        permissions=frozenset({EVERY_PERMISSION}),
        organisation_path="",
    )


def require(actor: Actor, permission: str) -> None:
    """Raise `permission_denied` unless the actor holds the permission."""
    if permission in actor.permissions or EVERY_PERMISSION in actor.permissions:
        return
    raise KaquanError(
        "permission_denied",
        zh=f"{actor.name} 没有“{permission}”权限；请向管理员申请。",
        en=f'{actor.name} does not hold the permission "{permission}"; ask an administrator.',
        exit_code=ExitCode.PERMISSION_DENIED,
    )
