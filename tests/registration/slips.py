"""A desk for tests: a side with a bundle, and slips of its vouchers."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

from PIL import Image

from kaquan.campaigns.actions import add_batch
from kaquan.campaigns.models import CampaignBatch
from kaquan.engine.commands import Redeem
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.encrypted_fields import seal_bytes
from kaquan.foundation.ids import draw_ids
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.trace import trace_voucher
from kaquan.redemption.codes import code_book
from kaquan.registration.actions import register_slip
from kaquan.registration.bundles import open_bundle
from kaquan.registration.keying import key_slip
from kaquan.registration.models import Bundle, Keying, RegisterPage, Slip
from kaquan.registration.photos import attach_photo
from kaquan.registration.pictures import redrawn
from kaquan.registration.typed import SlipTyped
from tests.api.world import Side
from tests.builders.issuer import a_number, an_organisation, staff_of


def a_side() -> Side:
    """A part of an organisation with a store and vouchers."""
    side = Side(an_organisation("总部", None))
    assert side.store
    assert side.trade.code
    return side


def typist(side: Side, *permissions: str) -> Actor:
    """Somebody at the desk, who may do nothing else unless that is named."""
    return staff_of(side.organisation, "desk.register", *permissions)


def a_bundle(
    side: Side, *, slips: int = 2, amount_fen: int = 20_000, double_key: bool = False
) -> Bundle:
    """A bundle of the side with what was counted by hand."""
    return open_bundle(
        actor=typist(side),
        name=a_number("捆"),
        slips_told=slips,
        amount_told_fen=amount_fen,
        double_key=double_key,
    )


def a_stock(side: Side, *, quantity: int = 5) -> CampaignBatch:
    """Digital vouchers of the offer that the side's paper ones have."""
    return add_batch(
        actor=staff_of(side.organisation),
        campaign_id=side.trade.campaign.id,
        name=a_number("电子券"),
        version_id=side.trade.version.id,
        quantity=quantity,
        at=clock.now(),
    )


def serial_at(side: Side, index: int) -> int:
    """One of the side's printed vouchers."""
    return side.trade.first_serial + index


def a_slip(side: Side, index: int = 0, **typed: Any) -> SlipTyped:
    """What stands on the slip of one of them: used an hour ago on an order of 100 yuan."""
    fields: dict[str, Any] = {
        "number": code_book().encode(serial_at(side, index)),
        "store_code": side.store.organisation.code,
        "clerk": "李娜",
        "used_at": clock.now() - timedelta(hours=1),
        "amount_fen": 10_000,
    }
    return SlipTyped(**fields | typed)


def registered(side: Side, bundle: Bundle, index: int = 0, **typed: Any) -> Slip:
    """A slip that was typed in."""
    return register_slip(
        actor=typist(side),
        bundle_id=bundle.id,
        typed=a_slip(side, index, **typed),
        once=a_number("once-"),
    )


def use_of(side: Side, index: int = 0) -> Redeem:
    """The command that used a voucher."""
    (step,) = trace_voucher(reading_session(), serial_at(side, index))
    assert isinstance(step.command, Redeem)
    return step.command


def bundle_of(side: Side) -> Bundle:
    """The side's bundle; opened when it is first asked for."""
    found = Bundle.objects.filter(organisation=side.organisation, double_key=False).first()
    return found or a_bundle(side)


def slip_of(side: Side) -> Slip:
    """The side's slip, with a photo; of a voucher that nothing else uses."""
    bundle = bundle_of(side)
    found = bundle.slips.first()
    if found is None:
        found = registered(side, bundle, index=5)
        attach_photo(actor=typist(side), slip_id=found.id, content=a_picture())
    return found


def page_of(side: Side) -> RegisterPage:
    """A page of a register that was read, and nothing was found on it."""
    found = RegisterPage.objects.filter(bundle__organisation=side.organisation).first()
    if found is None:
        (page_id,) = draw_ids(RegisterPage, 1)
        place = {"table": "registration_page", "column": "sealed", "row_id": page_id}
        found = RegisterPage.objects.create(
            id=page_id,
            bundle=bundle_of(side),
            sealed=seal_bytes(redrawn(a_picture(), side_max=100), **place),
            state="read",
            found="[]",
            added_at=clock.now(),
        )
    return found


def keying_of(side: Side) -> Keying:
    """The first of two keyings that differ; of a voucher that nothing else uses."""
    found = Keying.objects.filter(bundle__organisation=side.organisation).first()
    if found is None:
        bundle = a_bundle(side, double_key=True)
        for number, amount_fen in enumerate((10_000, 9_000)):
            key_slip(
                actor=replace(typist(side), id=f"staff:{9_000 + number}"),
                bundle_id=bundle.id,
                typed=a_slip(side, 6, amount_fen=amount_fen),
                once=a_number("once-"),
            )
        found = Keying.objects.filter(bundle=bundle).order_by("id")[0]
    return found


def a_picture(width: int = 60, height: int = 40) -> bytes:
    """A small white PNG."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), "white").save(file, "PNG")
    return file.getvalue()
