"""A customer's own vouchers: what they hold, what became of them, and what each promises."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from kaquan.campaigns.models import CampaignBatch
from kaquan.customers.models import Customer
from kaquan.engine.lifecycle import FROZEN, State
from kaquan.engine.rules.explain import Language, explain
from kaquan.engine.rules.terms import Terms
from kaquan.engine.shards import SERIAL_END
from kaquan.foundation.actor import system_actor
from kaquan.ledger.batch_rules import batch_windows, later_end
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.vouchers_of import HeldVoucher, vouchers_of
from kaquan.offers.faces import Face, face_of
from kaquan.offers.models import OfferVersion
from kaquan.offers.queries import names_in, terms_of
from kaquan.organisations.models import Store, StoreStatus
from kaquan.organisations.queries import stores
from kaquan.redemption.codes import new_code
from kaquan.wallet.acting import selves_of
from kaquan.wallet.errors import voucher_not_held
from kaquan.wallet.models import Gift

HELD_MAX = 1_000
STORES_MAX, ALL_STORES_MAX = 100, 10_000
PAGE_STORES = 500
_PUBLIC = system_actor("wallet")
"""What is printed for every holder: the offer, its rules and its stores."""


class Shelf(StrEnum):
    """The three tabs."""

    USABLE = "usable"
    USED = "used"
    OVER = "over"


class OwnVoucher(NamedTuple):
    """A voucher with what it is called and where it stands.

    ``holder_id`` is whose it is in the books: the customer, or one who was merged into them.
    ``begins_at`` is None for one that may be used already.
    """

    holder_id: int
    held: HeldVoucher
    batch: CampaignBatch
    face: Face | None
    shelf: Shelf
    begins_at: datetime | None
    ends_at: datetime | None
    is_on_its_way: bool

    @property
    def serial(self) -> int:
        """What addresses name it by; worth nothing to anybody else."""
        return self.held.serial

    @property
    def title(self) -> str:
        """In Chinese, as the offer's face has it."""
        return self.face.title_zh if self.face else self.batch.offer_version.offer.name

    @property
    def title_en(self) -> str:
        """In English where there is one."""
        return (self.face.title_en if self.face else "") or self.title

    @property
    def terms(self) -> Terms:
        """What it promises."""
        return terms_of(self.batch.offer_version)

    @property
    def was_used(self) -> bool:
        """Whether it was used at least in part, or may have been: a card is topped up, too."""
        terms = self.terms
        is_over = self.shelf is Shelf.USED
        return is_over or terms.has_balance or self.held.uses_left < terms.opening_uses

    @property
    def is_void(self) -> bool:
        """Whether it was ended before its time."""
        return self.held.state is State.VOID

    @property
    def is_frozen(self) -> bool:
        """Whether it is stopped for the time being."""
        return self.held.state in FROZEN


def own_vouchers(customer: Customer, at: datetime) -> list[OwnVoucher]:
    """All of them, those that end first before others; ``HELD_MAX`` at most for each number."""
    session = reading_session()
    found = [
        own
        for one in selves_of(customer)
        for own in _named(one, vouchers_of(session, one, limit=HELD_MAX), at)
    ]
    far = datetime.max.replace(tzinfo=at.tzinfo)
    return sorted(found, key=lambda one: (one.ends_at or far, one.serial))


def own_voucher(customer: Customer, serial: int, at: datetime) -> OwnVoucher:
    """One of them; raises `voucher_not_held_unknown` for any other."""
    if serial < SERIAL_END:  # a column holds no more
        for one in selves_of(customer):
            found = vouchers_of(reading_session(), one, after_serial=serial - 1, limit=1)
            for own in _named(one, found, at):
                if own.serial == serial:
                    return own
    raise voucher_not_held()


def code_of(voucher: OwnVoucher) -> str:
    """The digits to be read out, for the holder alone."""
    return new_code(voucher.serial, voucher.held.hand)


def rules_of(version: OfferVersion, language: Language) -> list[str]:
    """What an offer promises, as it is printed for whoever holds it."""
    terms = terms_of(version)
    sentences = explain(terms, language, names_in(_PUBLIC, terms))
    return [one.text for one in sentences if one.printed]


class OfferStores(NamedTuple):
    """Open stores where an offer is good; ``is_cut``: there are more than these."""

    stores: Sequence[Store]
    is_cut: bool


def stores_of(version: OfferVersion) -> OfferStores:
    """Some of them to be read, by place; ``STORES_MAX`` at most."""
    found = _open_stores(version, STORES_MAX + 1)
    by_place = sorted(found[:STORES_MAX], key=lambda one: (one.province, one.city, one.district))
    return OfferStores(by_place, len(found) > STORES_MAX)


def all_stores_of(version: OfferVersion) -> OfferStores:
    """All of them, for a phone to search among; ``ALL_STORES_MAX`` at most."""
    found = _open_stores(version, ALL_STORES_MAX + 1)
    return OfferStores(found[:ALL_STORES_MAX], len(found) > ALL_STORES_MAX)


def _open_stores(version: OfferVersion, most: int) -> list[Store]:
    rule = terms_of(version).scope.stores
    found: dict[int, Store] = {}
    for node in rule.include or (None,):
        after_code = ""
        while len(found) < most:
            page = stores(
                _PUBLIC,
                under_id=node,
                status=StoreStatus.OPEN,
                after_code=after_code,
                limit=min(PAGE_STORES, 2 * most),
            )
            for store in page:
                path = {int(part) for part in store.organisation.path.split(".") if part}
                if not path & set(rule.exclude):
                    found[store.pk] = store
            if len(page) < min(PAGE_STORES, 2 * most):
                break
            after_code = page[-1].organisation.code
    return list(found.values())[:most]


def _named(holder_id: int, held: Sequence[HeldVoucher], at: datetime) -> list[OwnVoucher]:
    rows = CampaignBatch.objects.select_related("campaign", "offer_version__offer")
    batches = rows.in_bulk({one.batch_id for one in held})
    windows = batch_windows(reading_session(), list(batches)) if batches else {}
    open_gifts = Gift.objects.filter(
        serial__in=[one.serial for one in held], ended_at__isnull=True, ends_at__gt=at
    )
    given = set(open_gifts.values_list("serial", flat=True))
    found = []
    for one in held:
        batch = batches.get(one.batch_id)
        if batch is None:
            continue
        begins_at, ends_at = windows.get(one.batch_id, (None, None))
        begins_at, ends_at = one.valid_from or begins_at, later_end(one.valid_until, ends_at)
        face = face_of(batch.offer_version.offer.face)
        shelf = _shelf(one, ends_at, at)
        found.append(
            OwnVoucher(
                holder_id=holder_id,
                held=one,
                batch=batch,
                face=face,
                shelf=shelf,
                begins_at=begins_at if begins_at is not None and at < begins_at else None,
                ends_at=ends_at,
                is_on_its_way=one.serial in given,
            )
        )
    return found


def _shelf(held: HeldVoucher, ends_at: datetime | None, at: datetime) -> Shelf:
    if held.state is State.USED:
        return Shelf.USED
    if held.state in (State.EXPIRED, State.VOID) or (ends_at is not None and at >= ends_at):
        return Shelf.OVER
    return Shelf.USABLE
