"""What lists ask of every record that they pass: what it was, where, and of which batches.

Reading no more than that of a record takes a quarter of the time that reading all of it does, and a
list may pass twenty thousand for each that it shows.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Collection
from typing import Any

import msgspec
import psycopg
from msgspec import Raw, Struct

from kaquan.engine.outcomes import OutcomeCode
from kaquan.engine.places import Place
from kaquan.ledger.records import Record

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Connection = psycopg.Connection[Any]
_UNREAD = Raw()


class _Order(Struct, frozen=True, gc=False, array_like=True):
    """The beginning of an `engine.facts.Order`."""

    order_no: str


class Whereabouts(Struct, frozen=True, gc=False, array_like=True):
    """An `engine.facts.Facts`, of which the rest stays unread."""

    store_id: int = 0
    _path: Raw = _UNREAD
    _channel: Raw = _UNREAD
    _terminal: Raw = _UNREAD
    _customer: Raw = _UNREAD
    _person: Raw = _UNREAD
    _tags: Raw = _UNREAD
    _first_order: Raw = _UNREAD
    order: _Order | None = None

    @property
    def order_no(self) -> str:
        """The merchant's own number, empty where there is no order."""
        return "" if self.order is None else self.order.order_no


class _Command(Struct, frozen=True, gc=False):
    do: str
    facts: Whereabouts = Whereabouts()
    hold: Place | None = None
    redemption: Place | None = None


class _Voucher(Struct, frozen=True, gc=False):
    batch_id: int


class _Outcome(Struct, frozen=True, gc=False):
    code: int
    vouchers: tuple[_Voucher, ...] = ()


class Glance(Struct, frozen=True, gc=False, array_like=True):
    """A `Record`, of which the rest stays unread."""

    command: _Command
    outcome: _Outcome

    @property
    def operation(self) -> str:
        """What was asked for."""
        return self.command.do

    @property
    def is_done(self) -> bool:
        """Whether it happened."""
        return self.outcome.code == OutcomeCode.DONE

    @property
    def elsewhere(self) -> Place | None:
        """The place of the record that says where this happened: what settles a hold or undoes a
        use happened where that did. None: it says so itself."""
        return self.command.hold or self.command.redemption


_decoder = msgspec.msgpack.Decoder(list[Glance])
_one_decoder = msgspec.msgpack.Decoder(Glance)
_splitter = msgspec.msgpack.Decoder(list[Raw])
_encoder = msgspec.msgpack.Encoder()


def glances_in(body: bytes) -> list[Glance]:
    """The records of a block at a glance; raises ``ValueError`` when the bytes are not a body."""
    try:
        return _decoder.decode(zstd.decompress(body))
    except (zstd.ZstdError, msgspec.MsgspecError) as error:
        raise ValueError(str(error)) from error


def glance_of(record: Record) -> Glance:
    """A record that was read, at a glance."""
    return _one_decoder.decode(_encoder.encode(record))


def glances_at(connection: Connection, places: Collection[Place]) -> dict[Place, Glance]:
    """The records at some places at a glance; where nothing stands is left out."""
    wanted: defaultdict[int, list[int]] = defaultdict(list)
    for place in places:
        wanted[place.block].append(place.index)
    rows = connection.execute(
        "SELECT block, body FROM ledger_block WHERE block = any(%s)", [list(wanted)]
    )
    found: dict[Place, Glance] = {}
    for block, body in rows:
        records = _splitter.decode(zstd.decompress(body))
        for index in wanted[block]:
            if 0 <= index < len(records):
                found[Place(block, index)] = _one_decoder.decode(records[index])
    return found
