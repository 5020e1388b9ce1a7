"""What the signed codes of a print run say. It is fixed with the order: terms may get better and
keys be replaced afterwards, and a run that is made again has the same bytes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from kaquan.campaigns.models import CampaignBatch
from kaquan.engine.signed import SignedVoucher, encode_signed
from kaquan.foundation.actor import Actor
from kaquan.offline.code_files import begins_with_claim
from kaquan.offline.signing import signer_for
from kaquan.printing.errors import signing_key_revoked
from kaquan.printing.models import PrintRun
from kaquan.printing.sheets import Voucher
from kaquan.redemption.signed_keys import SigningKey, signing_key_of

_NO_SERIAL = 0


def signed_form_of(actor: Actor, batch: CampaignBatch) -> dict[str, Any]:
    """What is the same in the signed codes of all untouched vouchers of a batch, as it is kept.

    Raises `permission_denied`, `batch_not_for_offline`, `batch_begins_with_claim`.
    """
    said = signer_for(actor, batch.id).said(_NO_SERIAL)
    if said is None:
        raise begins_with_claim(batch.id)
    return dict(msgspec.to_builtins(said))


def check_signing_key(run: PrintRun) -> None:
    """Raise `print_signing_key_revoked` for a run whose signed codes would be taken nowhere."""
    if run.signed is not None:
        _key_of(_said_in(run))


def with_signed_codes(run: PrintRun, vouchers: Iterable[Voucher]) -> list[Voucher]:
    """The vouchers with their signed codes where the run was ordered so; raises
    `print_signing_key_revoked`."""
    if run.signed is None:
        return list(vouchers)
    said = _said_in(run)
    key = _key_of(said)
    return [
        one._replace(
            signed_code=encode_signed(msgspec.structs.replace(said, serial=one.serial), key.sign)
        )
        for one in vouchers
    ]


def _said_in(run: PrintRun) -> SignedVoucher:
    return msgspec.convert(run.signed, SignedVoucher)


def _key_of(said: SignedVoucher) -> SigningKey:
    key = signing_key_of(said.key_id)
    if key is None:
        raise signing_key_revoked(said.key_id)
    return key
