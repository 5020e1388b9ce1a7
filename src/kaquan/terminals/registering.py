"""How a device becomes a terminal: by a code that somebody made for it, once."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import transaction

from kaquan.engine.crockford import check_symbol, fold, is_checked, symbols_of
from kaquan.foundation.actor import Actor, require, system_actor
from kaquan.foundation.changes.actions import fields_of, record_change, record_row
from kaquan.foundation.encrypted_fields import blind_index, blind_indexes
from kaquan.organisations.actions import PERMISSION
from kaquan.organisations.errors import terminal_blocked
from kaquan.organisations.models import Terminal
from kaquan.organisations.queries import terminal_by_id
from kaquan.terminals import tries
from kaquan.terminals.errors import (
    device_key_invalid,
    registration_code_wrong,
    request_malformed,
    terminal_unregistered,
)
from kaquan.terminals.models import Device, RegistrationCode, TerminalCaps

GOOD_FOR = timedelta(minutes=30)
RANDOM_SYMBOLS = 9
CODE_SYMBOLS = RANDOM_SYMBOLS + 1
TOKEN_BYTES = 32
_CAPS = ("use_fen_max", "offline_use_fen_max", "offline_total_fen_max")
_HASHED = "terminal_registration_code"


def make_registration_code(*, actor: Actor, terminal_id: int, at: datetime) -> str:
    """A code for one device, good for half an hour; codes made before are good no more.

    Raises `terminal_unknown`, `terminal_blocked`.
    """
    require(actor, PERMISSION)
    random = symbols_of(secrets.randbits(5 * RANDOM_SYMBOLS), RANDOM_SYMBOLS)
    code = random + check_symbol(random)
    with transaction.atomic():
        terminal = terminal_by_id(actor, terminal_id)
        if not terminal.active:
            raise terminal_blocked(terminal.code)
        RegistrationCode.objects.filter(terminal=terminal, used_at__isnull=True).delete()
        RegistrationCode.objects.create(
            terminal=terminal,
            code_hash=blind_index(_HASHED, code),
            made_at=at,
            made_by=actor.id,
            ends_at=at + GOOD_FOR,
        )
        _record(actor, "terminals.make_code", terminal, after={"registration_code": "made"})
    return f"{code[:5]}-{code[5:]}"


def register_device(
    *, code: str, public_key: Mapping[str, Any], source: str, at: datetime
) -> tuple[Device, str]:
    """Make a device the terminal that the code is for; and its token, told this once.

    The device that was the terminal before is so no more. Raises `registration_code_wrong`,
    `counter_tried_too_often`, `terminal_blocked`, `value_invalid`.
    """
    key = checked_key(public_key)
    symbols = fold(code) or ""
    with tries.trying([tries.source(source)], at) as verdict, transaction.atomic():
        found = None
        if len(symbols) == CODE_SYMBOLS and is_checked(symbols):
            rows = RegistrationCode.objects.select_for_update(of=("self",)).filter(
                code_hash__in=blind_indexes(_HASHED, symbols), used_at__isnull=True, ends_at__gt=at
            )
            found = rows.select_related("terminal__store__organisation").first()
        if found is None:
            raise registration_code_wrong()
        terminal = found.terminal
        if not terminal.active:
            raise terminal_blocked(terminal.code)
        found.used_at = at
        found.save(update_fields=["used_at"])
        end_devices(terminal, at)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        device = Device.objects.create(
            terminal=terminal,
            store=terminal.store,
            token_hash=token_hash(token),
            public_key=key,
            registered_at=at,
            registered_by=found.made_by,
        )
        _record(
            system_actor("counter"),
            "terminals.register_device",
            terminal,
            after={"device": device.id},
        )
        verdict.right = True
    return device, token


def unregister_device(*, actor: Actor, terminal_id: int, at: datetime) -> None:
    """The device is a terminal no more: lost, sold, or somebody else's. Raises `terminal_unknown`,
    `terminal_unregistered` where none is one."""
    require(actor, PERMISSION)
    with transaction.atomic():
        terminal = terminal_by_id(actor, terminal_id)
        if not end_devices(terminal, at):
            raise terminal_unregistered()
        _record(actor, "terminals.unregister_device", terminal, after={"device": None})


def end_devices(terminal: Terminal, at: datetime) -> int:
    """End the terminal's device, if it has one; how many ended."""
    return Device.objects.filter(terminal=terminal, ended_at__isnull=True).update(ended_at=at)


def device_of(token: str, *, may_be_blocked: bool = False) -> Device:
    """The device behind a token, with its terminal and store.

    Raises `terminal_unregistered`, `terminal_blocked`.
    """
    rows = Device.objects.select_related("terminal__store__organisation")
    device = rows.filter(token_hash=token_hash(token), ended_at__isnull=True).first()
    if device is None or device.store_id != device.terminal.store_id:
        raise terminal_unregistered()
    if not device.terminal.active and not may_be_blocked:
        raise terminal_blocked(device.terminal.code)
    return device


def caps_of(terminal: Terminal) -> TerminalCaps:
    """How far the terminal goes by itself."""
    kept = TerminalCaps.objects.filter(terminal=terminal).first()
    return kept or TerminalCaps(terminal=terminal)


def change_caps(
    *,
    actor: Actor,
    terminal_id: int,
    use_fen_max: int | None,
    offline_use_fen_max: int,
    offline_total_fen_max: int,
) -> TerminalCaps:
    """Give a terminal other caps; raises `terminal_unknown`, `value_invalid`."""
    require(actor, PERMISSION)
    given = [offline_use_fen_max, offline_total_fen_max, use_fen_max or 0]
    if min(given) < 0:
        raise request_malformed("上限不能小于 0。", "A cap is not below zero.")
    with transaction.atomic():
        terminal = terminal_by_id(actor, terminal_id)
        caps = caps_of(terminal)
        before = fields_of(caps, *_CAPS)
        caps.use_fen_max = use_fen_max
        caps.offline_use_fen_max = offline_use_fen_max
        caps.offline_total_fen_max = offline_total_fen_max
        caps.save()
        record_row(
            actor=actor,
            verb="terminals.change_caps",
            kind="terminal",
            row=caps,
            name=terminal.code,
            fields=_CAPS,
            organisation_path=terminal.store.organisation.path,
            before=before,
        )
    return caps


def token_hash(token: str) -> bytes:
    """What is kept of a token of 256 random bits."""
    return hashlib.sha256(token.encode()).digest()


def checked_key(jwk: Mapping[str, Any]) -> dict[str, str]:
    """The public parts of a JWK, if it is a key that we verify with; raises `value_invalid`."""
    kind, curve = jwk.get("kty"), jwk.get("crv")
    try:
        if (kind, curve) == ("OKP", "Ed25519"):
            Ed25519PublicKey.from_public_bytes(_number(jwk, "x"))
            return {"kty": "OKP", "crv": "Ed25519", "x": str(jwk["x"])}
        if (kind, curve) == ("EC", "P-256"):
            x, y = (int.from_bytes(_number(jwk, name)) for name in ("x", "y"))
            EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
            return {"kty": "EC", "crv": "P-256", "x": str(jwk["x"]), "y": str(jwk["y"])}
    except ValueError:
        pass
    raise device_key_invalid()


def _number(jwk: Mapping[str, Any], name: str) -> bytes:
    text = jwk.get(name)
    if not isinstance(text, str) or len(text) > 64:
        raise ValueError(name)
    found = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if len(found) != 32:  # both kinds of keys have coordinates of 32 bytes
        raise ValueError(name)
    return found


def _record(actor: Actor, verb: str, terminal: Terminal, *, after: Mapping[str, Any]) -> None:
    record_change(
        actor=actor,
        verb=verb,
        kind="terminal",
        object_id=terminal.pk,
        object_name=terminal.code,
        organisation_path=terminal.store.organisation.path,
        before=None,
        after=after,
    )
