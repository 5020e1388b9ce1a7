"""Slips from a table, each as if it had been typed at the desk into the bundle that its row names.

A row's own name is made from what it says, so the same row is one slip, in whichever file it comes.
Rows are registered as they come, not at the end; a refused one can be mended and sent again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from kaquan.customers.phones import read_phone
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.imports import Column, Counts, ImportPlan, ImportRow, refusal
from kaquan.foundation.imports_cells import Reason
from kaquan.foundation.imports_problems import Problem
from kaquan.foundation.imports_staging import DUPLICATE
from kaquan.registration.acting import REGISTER
from kaquan.registration.actions import register_slip
from kaquan.registration.errors import row_reversed
from kaquan.registration.models import Slip, SlipState
from kaquan.registration.queries import bundle_by_id
from kaquan.registration.typed import SlipTyped

_IDS_MAX = 2**31 - 1
_BUNDLE = Column(
    "bundle", "捆编号", cells.whole_number(1, _IDS_MAX), required=True, also=("捆", "批号")
)
_NUMBER = Column(
    "number",
    "券码或序号",
    cells.code(),
    required=True,
    also=("券码", "序号", "code"),
    sensitive=True,
)
_STORE = Column("store_code", "门店编码", cells.code(200), required=True, also=("store", "门店"))
_PHONE = Column("phone", "手机", read_phone, also=("手机号", "电话"), sensitive=True)
_USED_AT = Column("used_at", "使用时间", cells.moment, required=True, also=("时间", "time"))
_COLUMNS = (
    _BUNDLE,
    _NUMBER,
    Column("last_symbols", "券码后4位", cells.code(10), also=("后4位", "last")),
    Column("holder", "持券人姓名", cells.text(100), also=("姓名", "name"), sensitive=True),
    _PHONE,
    _USED_AT,
    Column("amount_fen", "订单金额", cells.amount, also=("金额", "amount", "金额(元)")),
    _STORE,
    Column("clerk", "店员", cells.text(100)),
)
_ABOUT = {
    "bundle_unknown": _BUNDLE,
    "bundle_closed": _BUNDLE,
    "bundle_double_key": _BUNDLE,
    "store_unknown": _STORE,
    "slip_outside_window": _USED_AT,
    "slip_before_issue": _USED_AT,
}
"""The column that a refusal is about; where none is named, it is about the voucher."""


class _Intake:
    """See `kaquan.foundation.imports.Intake`; one slip after the other."""

    def __init__(self, *, actor: Actor, commit: bool) -> None:
        self._actor = actor
        self._commit = commit
        self._seen: set[str] = set()
        self._new = 0
        self._unchanged = 0

    def take(self, rows: list[ImportRow]) -> list[Problem]:
        names = [_name_of(row) for row in rows]
        known = dict(Slip.objects.filter(once__in=names).values_list("once", "state"))
        taken = [self._take(*one, known=known) for one in zip(rows, names, strict=True)]
        return [problem for problem in taken if problem is not None]

    def check(self) -> Iterable[Problem]:
        return ()

    def count(self) -> Counts:
        return Counts(new=self._new, unchanged=self._unchanged)

    def commit(self) -> None:
        """All is registered already."""

    def _take(self, row: ImportRow, name: str, *, known: Mapping[str, str]) -> Problem | None:
        number = row["row_number"]
        if name in self._seen:
            return Problem(number, "", "", DUPLICATE)
        self._seen.add(name)
        try:
            self._register(row, name, known.get(name))
        except KaquanError as error:
            column = _ABOUT.get(error.code, _NUMBER)
            reason = Reason(error.code, error.zh.rstrip("。"), error.en.rstrip("."))
            return refusal(number, column, str(row[column.name]), reason)
        return None

    def _register(self, row: ImportRow, name: str, state: str | None) -> None:
        if state in (SlipState.REGISTERED, SlipState.REVERSED):
            bundle_by_id(self._actor, row["bundle"])
            if state == SlipState.REVERSED:
                raise row_reversed()
            self._unchanged += 1
            return
        register_slip(
            actor=self._actor,
            bundle_id=row["bundle"],
            typed=_typed(row),
            once=name,
            dry=not self._commit,
        )
        self._new += 1


def _typed(row: ImportRow) -> SlipTyped:
    return SlipTyped(
        number=row["number"],
        last_symbols=row["last_symbols"] or "",
        holder_name=row["holder"],
        holder_phone=row["phone"],
        store_code=row["store_code"],
        clerk=row["clerk"] or "",
        used_at=row["used_at"],
        amount_fen=row["amount_fen"],
    )


def _name_of(row: ImportRow) -> str:
    """A slip's own name; who held it and who took it may be mended, and it is the same slip."""
    said = (
        row["bundle"],
        row["number"],
        row["used_at"].isoformat(),
        row["amount_fen"],
        row["store_code"],
    )
    return f"row:{hashlib.blake2b(repr(said).encode(), digest_size=16).hexdigest()}"


@contextmanager
def _open_intake(*, actor: Actor, commit: bool) -> Iterator[_Intake]:
    yield _Intake(actor=actor, commit=commit)


SLIPS = ImportPlan(
    kind="slips",
    zh="纸质券联",
    en="paper slips",
    permission=REGISTER,
    columns=_COLUMNS,
    open_intake=_open_intake,
)
