"""The world of one block: the rows its commands name, and what deciding them changes.

The door fills it, ``decide`` works on it, the door writes what was touched. It holds no rule.
"""

from __future__ import annotations

from collections import defaultdict
from copy import deepcopy
from typing import Any

from kaquan.engine.commands import AnyCommand
from kaquan.engine.entries import OPERATION_NUMBER, Account, Entry, Unit
from kaquan.engine.outcomes import LimitChange, Outcome
from kaquan.engine.places import Place
from kaquan.engine.rows import (
    Batch,
    Budget,
    Custody,
    HeldVoucher,
    Limit,
    LimitKey,
    Reversed,
    Slice,
    Voucher,
)

Past = tuple[AnyCommand, Outcome]


class World:
    """Rows by their natural names, the entries written so far, and what was touched.

    ``vouchers`` holds every serial that commands name and that belongs to a batch; an untouched one
    has ``stored=False`` and ``version=0``. ``limit_changes`` gathers those of the command at hand.
    ``past`` holds redemptions and holds by place. Absent keys mean that the thing does not exist.
    """

    def __init__(self, block: int, next_serial: int) -> None:
        self.block = block
        self.next_serial = next_serial
        self.batches: dict[int, Batch] = {}
        self.slices: dict[int, Slice] = {}
        self.custody: dict[int, list[Custody]] = {}
        self.vouchers: dict[int, Voucher] = {}
        self.budgets: dict[int, Budget] = {}
        self.limits: dict[LimitKey, Limit] = {}
        self.held: dict[int, list[HeldVoucher]] = {}
        self.reversed: dict[tuple[Place, int], Reversed] = {}
        self.past: dict[Place, Past] = {}
        self.entries: list[Entry] = []
        self.index = 0
        self.limit_changes: list[LimitChange] = []
        self.touched: defaultdict[str, dict[Any, bool]] = defaultdict(dict)
        self._journal: list[tuple[str, Any, Any, bool]] = []
        self._marks: list[tuple[int, int, int]] = []

    @property
    def place(self) -> Place:
        """Where the command that is being decided will stand."""
        return Place(self.block, self.index)

    def touch(self, table: str, key: Any) -> None:
        """Mark a row (it may be about to be born) as changing; call it before the change.

        ``table`` is the attribute that holds the row. Where something may have to be undone (a
        linked group, a lapsed hold) the old row is kept; else nothing is copied, because nothing
        fails after a touch.
        """
        keys = self.touched[table]
        if self._marks:
            row = deepcopy(getattr(self, table).get(key))
            self._journal.append((table, key, row, key in keys))
        keys[key] = True

    def begin_link(self) -> None:
        """Start keeping what is changed, so that it can be undone; such stretches nest."""
        self._marks.append((len(self._journal), len(self.entries), self.next_serial))

    def end_link(self, *, undo: bool) -> None:
        """End the innermost stretch: undo what it changed, or let it stand."""
        journal_mark, entries_mark, next_serial = self._marks.pop()
        if undo:
            for table, key, row, was_touched in reversed(self._journal[journal_mark:]):
                rows = getattr(self, table)
                if row is None:
                    rows.pop(key, None)
                else:
                    rows[key] = row
                if not was_touched:
                    del self.touched[table][key]
            del self.entries[entries_mark:]
            self.next_serial = next_serial
        if undo or not self._marks:
            del self._journal[journal_mark:]

    def enter(  # noqa: PLR0917  # at every entry: keywords cost more than a tenth of it
        self,
        command: AnyCommand,
        unit: Unit,
        amount: int,
        debit: tuple[Account, int],
        credit: tuple[Account, int],
        serial: int = 0,
        version: int = 0,
        batch_id: int = 0,
        funder_id: int = 0,
        reverses: Place | None = None,
    ) -> None:
        """Append one entry; ``amount`` must be above zero."""
        assert amount > 0, (command.operation, amount)
        self.entries.append(
            Entry(
                len(self.entries),
                OPERATION_NUMBER[command.operation],
                unit,
                amount,
                debit[0],
                debit[1],
                credit[0],
                credit[1],
                command.at,
                serial,
                version,
                batch_id,
                funder_id,
                reverses,
            )
        )
