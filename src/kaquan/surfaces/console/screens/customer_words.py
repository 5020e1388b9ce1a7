"""Words about customers: what they agreed to, what they are known by, why somebody looked."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kaquan.customers.looks import LookReason
from kaquan.customers.models import IdentityKind, Purpose
from kaquan.customers.queries import CustomerLine
from kaquan.surfaces.console.kit.cells import Cell, badge

PURPOSES: dict[str, Promise] = {
    Purpose.SMS: _("Advertising by text message"),
    Purpose.WECHAT: _("Advertising on WeChat"),
    Purpose.CALL: _("Advertising by telephone"),
    Purpose.PROFILING: _("Personal recommendations"),
    Purpose.SHARING: _("Sharing with partners"),
}
IDENTITIES: dict[str, Promise] = {
    IdentityKind.WECHAT: _("WeChat OpenID"),
    IdentityKind.ALIPAY: _("Alipay user number"),
    IdentityKind.PHONE: _("Another phone number"),
    IdentityKind.OTHER: _("Number in another system"),
}
LOOK_REASONS: dict[str, Promise] = {
    LookReason.SERVICE: _("Service after a sale"),
    LookReason.IDENTITY: _("To check who it is"),
    LookReason.COMPLAINT: _("A complaint"),
    LookReason.FOLLOW_UP: _("To call back"),
    LookReason.REGULATOR: _("An authority asked"),
    LookReason.REQUEST: _("The customer asked"),
    LookReason.OTHER: _("Another reason"),
}
PERSONAL_FIELDS: dict[str, Promise] = {
    "name": _("Full name"),
    "phone": _("Phone"),
    "birthday": _("Birthday"),
    "identity": _("Identity"),
    "everything": _("Everything held"),
}
CHANGED_FIELDS: dict[str, Promise] = {
    **PERSONAL_FIELDS,
    "tags": _("Tags"),
    "organisation": _("Belongs to"),
    "merged_into": _("Merged into"),
    "merged": _("Merged into this one"),
    "task": _("Task"),
    **{f"{purpose}:given": words for purpose, words in PURPOSES.items()},
    **{f"{purpose}:withdrawn": words for purpose, words in PURPOSES.items()},
    **IDENTITIES,
}
VERBS: dict[str, tuple[Promise, str]] = {
    "customers.create": (_("Added"), "info"),
    "customers.update": (_("Edited"), "info"),
    "customers.tag": (_("Tags changed"), "info"),
    "customers.merge": (_("Merged"), "warn"),
    "customers.unmerge": (_("Merge undone"), "warn"),
    "customers.erase": (_("Erased"), "muted"),
    "customers.add_identity": (_("Identity added"), "info"),
    "customers.remove_identity": (_("Identity removed"), "warn"),
    "customers.card": (_("Member card made"), "info"),
    "customers.consent": (_("Consent changed"), "info"),
    "customers.add_task": (_("Task added"), "info"),
    "customers.finish_task": (_("Task done"), "good"),
}


def customer_state(line: CustomerLine) -> Cell:
    """Known, merged or erased."""
    if line.erased_at is not None:
        return badge(_("Erased"), "muted")
    if line.merged_into is not None:
        return badge(_("Merged"), "warn")
    return badge(_("Known"), "good")


def consent_state(given: bool | None) -> Cell:
    """Whether somebody agrees."""
    if given is None:
        return badge(_("Never asked"), "muted")
    return badge(_("Agreed"), "good") if given else badge(_("Withdrawn"), "warn")
