"""People of an issuer who ask and decide, and a kind of request that shows what was carried out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kaquan.approvals import kinds
from kaquan.approvals.actions import ask
from kaquan.approvals.kinds import Kind
from kaquan.approvals.models import ApprovalRequest
from kaquan.foundation.actor import Actor
from kaquan.organisations.models import Organisation
from kaquan.staff.models import Role
from tests.builders.issuer import a_number
from tests.staff.people import acting, somebody

ASK, APPROVE = "campaigns.edit", "campaigns.approve"
RIGHTS = (ASK, APPROVE, "approvals.view", "approvals.rules")


@dataclass
class Gift:
    """A kind of request, and what became of those of it. ``content`` is what would be done now."""

    name: str = field(default_factory=lambda: a_number("test.gift-"))
    content: dict[str, Any] = field(default_factory=lambda: {"vouchers": 100})
    done: list[int] = field(default_factory=list)
    turned_down: list[int] = field(default_factory=list)
    fault: Exception | None = None

    def register(self) -> Gift:
        """Make it known; it stays so, under a name of its own."""
        kinds.register(
            Kind(
                self.name,
                "赠券",
                "Gift",
                ASK,
                APPROVE,
                carry_out=self._carry_out,
                turned_down=lambda request: self.turned_down.append(request.pk),
                content_now=lambda _request: self.content,
            )
        )
        return self

    def _carry_out(self, request: ApprovalRequest) -> None:
        if self.fault is not None:
            raise self.fault
        self.done.append(request.pk)


def a_role(code: str, *permissions: str) -> str:
    """A role of this name, with what approvals need unless told otherwise."""
    wanted = sorted(permissions or RIGHTS)
    Role.objects.get_or_create(
        code=code, defaults={"name_zh": code, "name_en": code, "permissions": wanted}
    )
    return code


def someone(node: Organisation | None, role: str = "", *permissions: str) -> Actor:
    """Somebody who holds a role at a node."""
    return acting(somebody(node, a_role(role or a_number("role-"), *permissions)))


def a_request(gift: Gift, maker: Actor, node: Organisation | None, **facts: Any) -> ApprovalRequest:
    """Something that a person asks for."""
    about: dict[str, Any] = {
        "subject_kind": "gift",
        "subject_id": 1,
        "title": "给老客户的券",
        "organisation_id": node.id if node else None,
        "amount_fen": 50_000,
        "content": gift.content,
    }
    return ask(maker, kind=gift.name, **(about | facts))
