"""A till for tests that takes vouchers without a network as the page does, and may be dishonest."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kaquan.engine.codes import CodeFault
from kaquan.offline.cases import Judged, ToldUndo, ToldUse
from kaquan.offline.granting import is_online_only, renew
from kaquan.offline.journal import Line, Signed, UndoLine, beginning, line_hash, line_text
from kaquan.offline.models import Grant
from kaquan.offline.signing import signed_code
from kaquan.offline.snapshots import milliseconds
from kaquan.offline.syncing import sync
from kaquan.organisations.issuer_settings import (
    OFFLINE_ONLINE_PERCENT,
    change_settings,
    issuer_setting,
)
from kaquan.organisations.models import Store, TerminalKind
from kaquan.organisations.staffing import create_terminal
from kaquan.redemption.codes import read_code
from kaquan.redemption.signed_keys import read_signed_code
from kaquan.terminals.models import Device
from kaquan.terminals.registering import change_caps, make_registration_code, register_device
from tests.builders.issuer import SYSTEM, a_number
from tests.redemption.counter import Counter


@dataclass
class Till:
    """A registered device with its key, what it knows, and the lines that it holds."""

    device: Device
    key: Ed25519PrivateKey
    grant: dict[str, Any] = field(default_factory=dict)
    lines: list[tuple[Signed, ToldUse]] = field(default_factory=list)
    handed_in: int = 0
    head: str = ""
    counter: int = 0
    spent_fen: int = 0
    seen: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.head = beginning(self.device.pk)

    @classmethod
    def of(cls, device: Device) -> Till:
        """A device that was registered otherwise, with a key that we know."""
        key = Ed25519PrivateKey.generate()
        device.public_key = public_jwk(key)
        device.save(update_fields=["public_key"])
        pick(0)
        return cls(device, key)

    def renew(self, at: datetime) -> dict[str, Any]:
        """Ask for a new grant, with everything handed in as far as an honest till would have."""
        waiting = self.lines[self.handed_in :]
        pending_fen = sum(line.amount_fen for line, _ in waiting if isinstance(line, Line))
        self.grant = renew(device=self.device, pending=len(waiting), pending_fen=pending_fen, at=at)
        self.spent_fen = pending_fen
        return self.grant

    def take(self, code: str, at: datetime, *, honest: bool = True, **fields: Any) -> bool:
        """Take a voucher without asking anybody; an honest till keeps to its limits."""
        said = read_signed_code(code)
        assert not isinstance(said, CodeFault)
        amount_fen: int = fields.pop("amount_fen", said.value_fen)
        now_ms = milliseconds(at)
        if honest and (
            said.serial in self.seen
            or said.serial in dead_of(self.grant)
            or not _live(self.grant, said.serial, said.offer_version, now_ms)
            or now_ms >= self.grant["endsAtMs"]
            or amount_fen > self.grant["useFen"]
            or self.spent_fen + amount_fen > self.grant["totalFen"]
            or is_online_only(Grant.objects.get(pk=self.grant["grant"]), said.serial)
        ):
            return False
        asked = self._begins(now_ms) | {
            "code_hash": hashlib.sha256(code.encode()).hexdigest(),
            "serial": said.serial,
            "amount_fen": amount_fen,
            "order_fen": 10_000,
            "order_no": f"OFF-{self.device.pk}-{self.counter}",
        }
        self._write(Line(**asked | fields), code)
        self.seen.add(said.serial)
        self.spent_fen += amount_fen
        return True

    def undo(self, counter: int, at: datetime, **fields: Any) -> bool:
        """Take a use back that the till holds still, or of which it knows no answer."""
        index, (line, told) = next(
            (index, one) for index, one in enumerate(self.lines) if one[0].counter == counter
        )
        if not isinstance(line, Line) or told.undo is not None:
            return False
        asked = self._begins(milliseconds(at)) | {
            "undone": counter,
            "undone_hash": line_hash(told.text).hex(),
        }
        undo = self._write(UndoLine(**asked | fields))
        taken_back = ToldUndo(undo.text, undo.signature)
        self.lines[index] = (line, ToldUse(told.text, told.signature, told.code, taken_back))
        self.seen.discard(line.serial)
        self.spent_fen -= line.amount_fen
        return True

    def _begins(self, now_ms: int) -> dict[str, Any]:
        self.counter += 1
        return {
            "device": self.device.pk,
            "counter": self.counter,
            "previous": self.head,
            "grant": self.grant["grant"],
            "shift": 0,
            "said_ms": now_ms,
            "wall_ms": now_ms,
            "elapsed_ms": 1_000 * self.counter,
        }

    def _write(self, line: Line | UndoLine, code: str = "") -> ToldUse:
        text = line_text(line)
        told = ToldUse(text, self.key.sign(text.encode()), code)
        self.lines.append((line, told))
        self.head = line_hash(text).hex()
        return told

    def hand_in(self, at: datetime, count: int | None = None) -> list[Judged]:
        """Hand in what is waiting, or the first few; what was answered waits no more."""
        waiting = self.lines[self.handed_in :][:count]
        judged = self.send([use for _, use in waiting], at)
        self.handed_in += len(waiting)
        return judged

    def send(self, uses: list[ToldUse], at: datetime) -> list[Judged]:
        """One call."""
        return sync(device=self.device, uses=uses, pending=0, pending_fen=0, at=at)


def a_till(
    store: Store,
    at: datetime,
    *,
    use_fen: int = 10_000,
    total_fen: int = 50_000,
    online_percent: int = 0,
) -> Till:
    """A terminal whose device has a grant; chance keeps no voucher online unless it is said."""
    pick(online_percent)
    terminal = create_terminal(
        actor=SYSTEM,
        code=a_number("T"),
        store_code=store.organisation.code,
        kind=TerminalKind.PHONE,
    )
    change_caps(
        actor=SYSTEM,
        terminal_id=terminal.pk,
        use_fen_max=None,
        offline_use_fen_max=use_fen,
        offline_total_fen_max=total_fen,
    )
    key = Ed25519PrivateKey.generate()
    code = make_registration_code(actor=SYSTEM, terminal_id=terminal.pk, at=at)
    device, _token = register_device(
        code=code,
        public_key=public_jwk(key),
        source=a_number("source-"),
        at=at + timedelta(seconds=1),
    )
    till = Till(device, key)
    till.renew(at + timedelta(seconds=2))
    return till


def public_jwk(key: Ed25519PrivateKey) -> dict[str, str]:
    """As WebCrypto exports it."""
    x = base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).rstrip(b"=").decode()
    return {"kty": "OKP", "crv": "Ed25519", "x": x}


def pick(percent: int) -> None:
    """Let chance keep so many vouchers online."""
    if issuer_setting(OFFLINE_ONLINE_PERCENT.name) != percent:
        values = {OFFLINE_ONLINE_PERCENT.name: percent}
        change_settings(actor=SYSTEM, values=values, expected={})


def signed(counter: Counter, index: int = 0) -> str:
    """The signed code of one of a counter's printed vouchers."""
    serial, batch = read_code(counter.codes[index]), counter.by_code
    assert isinstance(serial, int)
    code = signed_code(batch_id=batch.id, offer_version=batch.offer_version_id, serial=serial)
    assert code is not None
    return code


def dead_of(grant: dict[str, Any]) -> set[int]:
    """The serials that a grant says are good no more."""
    serials, value, shift, before = set(), 0, 0, 0
    for byte in base64.b64decode(grant["dead"]):
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            before += value
            serials.add(before)
            value = shift = 0
    return serials


def _live(grant: dict[str, Any], serial: int, version: int, now_ms: int) -> bool:
    return any(
        batch["version"] == version
        and any(first <= serial < first + count for first, count in batch["runs"])
        and any(start <= now_ms < end for start, end in batch["open"])
        for batch in grant["batches"]
    )
