"""What others may know of the organisation tree, each within the actor's part of it."""

from collections.abc import Collection, Sequence
from typing import NamedTuple, TypeVar

from django.db.models import Model, QuerySet

from kaquan.foundation.actor import Actor
from kaquan.organisations.errors import (
    clerk_unknown,
    organisation_unknown,
    store_unknown,
    terminal_unknown,
)
from kaquan.organisations.models import (
    Clerk,
    Organisation,
    OrganisationKind,
    Store,
    StoreStatus,
    Terminal,
)

VIEW = "organisations.view"
LIST_MAX = 500
COUNTED_MAX = 100_000

Row = TypeVar("Row", bound=Model)


def within(actor: Actor, rows: QuerySet[Row], organisation: str) -> QuerySet[Row]:
    """The rows whose organisation (a lookup such as "store__organisation", "" for the row itself)
    lies in the actor's part of the tree; rows without one are for the whole tree's actors."""
    if not actor.organisation_path:
        return rows
    lookup = f"{organisation}__path__startswith" if organisation else "path__startswith"
    return rows.filter(**{lookup: actor.organisation_path})


def own_organisation_id(actor: Actor) -> int | None:
    """The node that the actor's part of the tree begins with; None for the whole tree."""
    own = actor.organisation_path.rstrip(".").rpartition(".")[2]
    return int(own) if own else None


def organisation_by_id(actor: Actor, organisation_id: int) -> Organisation:
    """The node; raises `organisation_unknown`."""
    return _only(
        within(actor, Organisation.objects.filter(id=organisation_id), ""), organisation_id
    )


def organisation_by_code(actor: Actor, code: str) -> Organisation:
    """The node; raises `organisation_unknown`."""
    return _only(within(actor, Organisation.objects.filter(code=code), ""), code)


def organisation_names(actor: Actor, organisation_ids: Collection[int]) -> dict[int, str]:
    """Names by id; unknown ids are left out."""
    rows = within(actor, Organisation.objects.filter(id__in=organisation_ids), "")
    return dict(rows.values_list("id", "name"))


def children(
    actor: Actor, parent_id: int | None, *, after_code: str = "", limit: int = LIST_MAX
) -> Sequence[Organisation]:
    """The nodes right below one, or the roots, in the order of their codes; the next page begins
    after the last one's code."""
    rows = within(actor, Organisation.objects.filter(parent=parent_id, code__gt=after_code), "")
    return list(rows.order_by("code")[: min(limit, LIST_MAX)])


def nodes_below(
    actor: Actor, parent_id: int | None, *, after_code: str = "", limit: int = LIST_MAX
) -> Sequence[Organisation]:
    """The nodes right below one; without one, those where the actor's part of the tree begins.

    Raises `organisation_unknown`.
    """
    own_id = own_organisation_id(actor)
    if parent_id is None and own_id is not None:
        own = Organisation.objects.filter(id=own_id, code__gt=after_code)
        return list(within(actor, own, ""))
    if parent_id is not None:
        organisation_by_id(actor, parent_id)
    return children(actor, parent_id, after_code=after_code, limit=limit)


class NumbersBelow(NamedTuple):
    """How much stands below a node, the node itself left out."""

    nodes: int
    stores: int


def numbers_below(actor: Actor, organisation_id: int) -> NumbersBelow:
    """How much stands below a node, counted up to a bound; raises `organisation_unknown`."""
    node = organisation_by_id(actor, organisation_id)
    rows = Organisation.objects.filter(path__startswith=node.path).exclude(id=node.id)
    stores_only = rows.filter(kind=OrganisationKind.STORE)
    return NumbersBelow(
        rows.values("id")[:COUNTED_MAX].count(), stores_only.values("id")[:COUNTED_MAX].count()
    )


def clerk_by_id(actor: Actor, clerk_id: int) -> Clerk:
    """The clerk; raises `clerk_unknown`."""
    rows = Clerk.objects.select_related("organisation").filter(id=clerk_id)
    clerk = within(actor, rows, "organisation").first()
    if clerk is None:
        raise clerk_unknown(str(clerk_id))
    return clerk


def terminal_by_id(actor: Actor, terminal_id: int) -> Terminal:
    """The terminal; raises `terminal_unknown`."""
    rows = Terminal.objects.select_related("store__organisation").filter(id=terminal_id)
    terminal = within(actor, rows, "store__organisation").first()
    if terminal is None:
        raise terminal_unknown(str(terminal_id))
    return terminal


def stores(
    actor: Actor,
    *,
    under_path: str = "",
    under_id: int | None = None,
    status: StoreStatus | None = None,
    after_code: str = "",
    limit: int = LIST_MAX,
) -> Sequence[Store]:
    """The stores below a node with their nodes, in the order of their codes.

    Raises `organisation_unknown` for a node that is not the actor's.
    """
    if under_id is not None:
        under_path = organisation_by_id(actor, under_id).path
    rows = Store.objects.select_related("organisation").filter(
        organisation__path__startswith=under_path, organisation__code__gt=after_code
    )
    if status is not None:
        rows = rows.filter(status=status)
    rows = within(actor, rows, "organisation")
    return list(rows.order_by("organisation__code")[: min(limit, LIST_MAX)])


def store_by_code(actor: Actor, code: str) -> Store:
    """The store with its node; raises `store_unknown`."""
    rows = Store.objects.select_related("organisation").filter(organisation__code=code)
    store = within(actor, rows, "organisation").first()
    if store is None:
        raise store_unknown(code)
    return store


def clerks(
    actor: Actor,
    *,
    under_id: int | None = None,
    active: bool | None = None,
    after_staff_no: str = "",
    limit: int = LIST_MAX,
) -> Sequence[Clerk]:
    """The clerks of a part of the tree, in the order of their staff numbers.

    Raises `organisation_unknown`.
    """
    rows = Clerk.objects.select_related("organisation").filter(staff_no__gt=after_staff_no)
    rows = within(actor, rows, "organisation")
    if under_id is not None:
        under_path = organisation_by_id(actor, under_id).path
        rows = rows.filter(organisation__path__startswith=under_path)
    if active is not None:
        rows = rows.filter(active=active)
    return list(rows.order_by("staff_no")[: min(limit, LIST_MAX)])


def clerk_by_staff_no(actor: Actor, staff_no: str) -> Clerk:
    """The clerk; raises `clerk_unknown`."""
    rows = Clerk.objects.select_related("organisation").filter(staff_no=staff_no)
    clerk = within(actor, rows, "organisation").first()
    if clerk is None:
        raise clerk_unknown(staff_no)
    return clerk


def terminals(
    actor: Actor,
    *,
    store_code: str | None = None,
    active: bool | None = None,
    after_code: str = "",
    limit: int = LIST_MAX,
) -> Sequence[Terminal]:
    """The terminals of one store or of all, in the order of their codes.

    Raises `store_unknown`.
    """
    rows = Terminal.objects.select_related("store__organisation").filter(code__gt=after_code)
    rows = within(actor, rows, "store__organisation")
    if store_code is not None:
        rows = rows.filter(store=store_by_code(actor, store_code))
    if active is not None:
        rows = rows.filter(active=active)
    return list(rows.order_by("code")[: min(limit, LIST_MAX)])


def terminal_by_code(actor: Actor, code: str) -> Terminal:
    """The terminal; raises `terminal_unknown`."""
    rows = Terminal.objects.select_related("store__organisation").filter(code=code)
    terminal = within(actor, rows, "store__organisation").first()
    if terminal is None:
        raise terminal_unknown(code)
    return terminal


def terminal_codes(actor: Actor, terminal_ids: Collection[int]) -> dict[int, str]:
    """The codes of terminals by their ids; those that are not there are left out."""
    rows = Terminal.objects.filter(id__in=terminal_ids)
    return dict(within(actor, rows, "store__organisation").values_list("id", "code"))


def store_ids(actor: Actor, codes: Collection[str]) -> dict[str, int]:
    """The ids of stores by their codes; those that are not there are left out."""
    rows = within(actor, Store.objects.filter(organisation__code__in=codes), "organisation")
    return dict(rows.values_list("organisation__code", "organisation_id"))


def store_codes(actor: Actor, store_ids: Collection[int]) -> dict[int, str]:
    """The codes of stores by their ids; those that are not there are left out."""
    rows = within(actor, Store.objects.filter(organisation_id__in=store_ids), "organisation")
    return dict(rows.values_list("organisation_id", "organisation__code"))


def _only(rows: QuerySet[Organisation], wanted: int | str) -> Organisation:
    organisation = rows.first()
    if organisation is None:
        raise organisation_unknown(wanted)
    return organisation
