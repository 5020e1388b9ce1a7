"""The signed form of vouchers whose terms let a till take them without a network."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from kaquan.campaigns.queries import batch_by_id
from kaquan.engine.rules.check import Rules
from kaquan.engine.rules.opening import Window
from kaquan.engine.signed import LAST_DAY, SignedVoucher, encode_signed
from kaquan.foundation.actor import Actor, require
from kaquan.ledger.batch_rules import rules_of
from kaquan.ledger.sessions import reading_session
from kaquan.offline.errors import batch_not_for_offline
from kaquan.redemption.code_files import PERMISSION
from kaquan.redemption.codes import ISSUER
from kaquan.redemption.signed_keys import SigningKey, signing_key

_A_MOMENT = timedelta(microseconds=1)


class BatchSigner:
    """Signs the vouchers of one batch, under the key of now."""

    def __init__(self, offer_version: int, rules: Rules, key: SigningKey) -> None:
        self._offer_version = offer_version
        self._value_fen = rules.terms.fixed_value_fen or 0
        self._window = rules.unclaimed_window
        self._zone = ZoneInfo(rules.terms.validity.time_zone)
        self._key = key
        self._days: dict[Window, tuple[date, date]] = {}

    def code(self, serial: int, window: Window | None = None) -> str | None:
        """A voucher's signed code; ``window`` is its own validity where it was handed out. None
        where its days begin with a claim and there was none."""
        said = self.said(serial, window)
        return None if said is None else encode_signed(said, self._key.sign)

    def said(self, serial: int, window: Window | None = None) -> SignedVoucher | None:
        """What the signed code says."""
        window = window or self._window
        if window is None:
            return None
        first_day, last_day = self._days_of(window)
        return SignedVoucher(
            key_id=self._key.key_id,
            issuer=ISSUER,
            serial=serial,
            offer_version=self._offer_version,
            value_fen=self._value_fen,
            first_day=first_day,
            last_day=last_day,
        )

    def _days_of(self, window: Window) -> tuple[date, date]:
        if window not in self._days:
            first, last = window[0], window[1] - _A_MOMENT
            days = (first.astimezone(self._zone).date(), last.astimezone(self._zone).date())
            # A code cannot say a later day; the books still know the true one.
            self._days = {window: (min(days[0], LAST_DAY), min(days[1], LAST_DAY))}
        return self._days[window]


def batch_signer(batch_id: int, offer_version: int) -> BatchSigner | None:
    """For a batch whose terms allow it, else None. Whoever asks has the right to its codes."""
    rules = rules_of(reading_session(), [batch_id]).get(batch_id)
    if rules is None or not rules.terms.offline_use:
        return None
    return BatchSigner(offer_version, rules, signing_key())


def signed_code(
    *,
    batch_id: int,
    offer_version: int,
    serial: int,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
) -> str | None:
    """One voucher's signed code for whoever holds it, or None where its terms keep it online."""
    signer = batch_signer(batch_id, offer_version)
    if signer is None:
        return None
    own = (valid_from, valid_until) if valid_from and valid_until else None
    return signer.code(serial, own)


def signer_for(actor: Actor, batch_id: int) -> BatchSigner:
    """For whoever may take a batch's codes out; raises `permission_denied`, `batch_unknown`,
    `batch_not_for_offline`."""
    require(actor, PERMISSION)
    batch = batch_by_id(actor, batch_id)
    signer = batch_signer(batch.id, batch.offer_version_id)
    if signer is None:
        raise batch_not_for_offline(batch.id)
    return signer
