"""What the console's world knows of its vouchers, stores and batches while the books are filled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from kaquan.engine.lifecycle import State
from kaquan.engine.outcomes import VoucherResult
from kaquan.engine.places import Place
from kaquan.engine.shards import SHARD_KEYS_64


class Shelf(NamedTuple):
    """A batch whose serials are handed out here, every second one."""

    batch_id: int
    budget_id: int
    first_serial: int


class Till(NamedTuple):
    """A store, and the ids from the root down to it."""

    store_id: int
    path: tuple[int, ...]


@dataclass
class Voucher:
    """One voucher on its way."""

    number: int
    serial: int
    shelf: Shelf
    kind: int
    customer_id: int
    till: Till
    valid_until: datetime | None
    version: int = 0
    last: Place | None = None
    state: State = State.ISSUED
    hold: Place | None = None

    def result(self, **facts: Any) -> VoucherResult:
        """What a command did to it, as the engine tells it."""
        return VoucherResult(
            serial=self.serial,
            batch_id=self.shelf.batch_id,
            version=self.version,
            state=int(self.state),
            customer_id=self.customer_id,
            before=self.last,
            valid_until=self.valid_until,
            **facts,
        )

    def line(self) -> str:
        """Its row, as COPY reads it."""
        assert self.last is not None
        serial, uses_left = self.serial, 0 if self.state is State.USED else 1
        valid_until = self.valid_until.isoformat() if self.valid_until else NULL
        return (
            f"{serial}\t{self.last.block}\t{self.shelf.batch_id}\t{self.version}\t"
            f"{SHARD_KEYS_64[serial & 63]}\t{self.last.index}\t{uses_left}\t{int(self.state)}\t"
            f"{self.customer_id or NULL}\t{valid_until}\n"
        )


NULL = "\\N"
