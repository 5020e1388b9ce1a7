"""What of the books an actor may see: entries of the own batches, and of the own stores."""

from __future__ import annotations

from kaquan.campaigns.queries import own_batch_ids
from kaquan.foundation.actor import Actor
from kaquan.ledger.entry_pages import Scope
from kaquan.organisations.models import Store
from kaquan.organisations.queries import within


def books_scope(actor: Actor) -> Scope | None:
    """The actor's scope; None for those who see the whole issuer."""
    if not actor.organisation_path:
        return None
    stores = within(actor, Store.objects.all(), "organisation")
    store_ids = frozenset(stores.values_list("organisation_id", flat=True))
    return Scope(own_batch_ids(actor), store_ids)
