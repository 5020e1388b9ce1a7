"""Bringing in the tree above the stores: rows in any order, to any depth, each told by its code.

Every row goes through the actions that change the tree by hand, in one transaction, in a dry run
too: what the dry run says is what will happen, and each change is in the change log.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import transaction

from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.imports import Column, Counts, ImportPlan, ImportRow, refusal
from kaquan.foundation.imports_cells import Reason
from kaquan.foundation.imports_problems import Problem
from kaquan.foundation.imports_staging import DUPLICATE
from kaquan.organisations.actions import (
    PERMISSION,
    create_organisation,
    lock_tree,
    move_organisation,
    read_code,
    read_name,
    rename_organisation,
)
from kaquan.organisations.imports_places import (
    OUTSIDE,
    PARENT,
    PATH,
    Node,
    Tree,
    find_place,
    kind_of,
    read_place,
)
from kaquan.organisations.models import Organisation, OrganisationKind
from kaquan.organisations.queries import own_organisation_id

ROWS_MAX = 10_000
_KINDS = [kind for kind in OrganisationKind if kind != OrganisationKind.STORE]
_KIND_WORDS = {
    **{kind.value: kind.value for kind in _KINDS},
    **{str(kind.label): kind.value for kind in _KINDS},
}
_CODE = Column("code", "组织编码", read_code, required=True, also=("编码",))
_NAME = Column("name", "组织名称", read_name, required=True, also=("名称", "组织"))
_KIND = Column("kind", "类型", cells.choice(_KIND_WORDS), also=("组织类型", "级别"))
_COLUMNS = (_CODE, _NAME, _KIND, PATH, PARENT)
_BY_NAME = {column.name: column for column in _COLUMNS}

IN_A_CIRCLE = Reason(
    "parent_in_a_circle",
    "上级编码绕成了圈，请核对",
    "the codes above go round in a circle; check them",
)
CODE_OF_A_STORE = Reason(
    "code_of_a_store",
    "该编码已属于一家门店，请换编码",
    "the code belongs to a store; choose another",
)
KIND_STAYS = Reason(
    "kind_stays",
    "已有组织的类型不能更改；请另建一个再移动其下级",
    "the kind of an organisation that exists stays; make another and move what is below",
)
TOO_MANY = Reason(
    "too_many_rows",
    f"一次最多导入 {ROWS_MAX} 个组织，请分成几个文件",
    f"{ROWS_MAX} organisations at most at once; make several files of it",
)


class _Refused(Exception):  # noqa: N818 - it is a row that is refused
    def __init__(self, column: Column, reason: Reason) -> None:
        super().__init__(reason.en)
        self.column = column
        self.reason = reason


class _Intake:
    """See `kaquan.foundation.imports.Intake`."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self._rows: dict[str, ImportRow] = {}
        self._verdicts = {"new": 0, "changed": 0, "unchanged": 0}
        self._tree = Tree()

    def take(self, rows: list[ImportRow]) -> list[Problem]:
        problems = []
        for row in rows:
            if row["code"] in self._rows:
                problems.append(refusal(row["row_number"], _CODE, row["code"], DUPLICATE))
            elif len(self._rows) >= ROWS_MAX:
                problems.append(refusal(row["row_number"], _CODE, row["code"], TOO_MANY))
            else:
                self._rows[row["code"]] = row
        return problems

    def check(self) -> Sequence[Problem]:
        problems = []
        depths = {code: self._depth(code) for code in self._rows}

        def turn(row: ImportRow) -> tuple[int, bool]:
            return depths[row["code"]] or 0, row["kind"] != OrganisationKind.HEAD_OFFICE

        # What is above comes before what is below, in whatever order the file has them.
        for row in sorted(self._rows.values(), key=turn):
            try:
                if depths[row["code"]] is None:
                    raise _Refused(PARENT, IN_A_CIRCLE)
                with transaction.atomic():
                    self._verdicts[self._bring_in(row)] += 1
            except _Refused as refused:
                content = row[refused.column.name] or ""
                content = "/".join(content) if isinstance(content, tuple) else content
                problems.append(refusal(row["row_number"], refused.column, content, refused.reason))
            except KaquanError as error:
                reason = Reason(error.code, error.zh.rstrip("。"), error.en.rstrip("."))
                problems.append(refusal(row["row_number"], _NAME, row["name"], reason))
                self._tree = Tree()  # what was made on the way to it is gone again
        return sorted(problems, key=lambda problem: problem.row_number)

    def count(self) -> Counts:
        return Counts(**self._verdicts)

    def commit(self) -> None:
        """All is written already; a dry run takes it back."""

    def _depth(self, code: str) -> int | None:
        """How deep a row will stand, as far as the file says; None if it stands below itself."""
        below, seen = 0, set()
        while (row := self._rows.get(code)) is not None:
            if code in seen:
                return None
            seen.add(code)
            below += 1
            if row["path"] is not None:
                place = self._tree.place_of(row["path"])
                names_the_root = place[:1] and place[0].kind == OrganisationKind.HEAD_OFFICE
                return below + len(place) + (0 if names_the_root else 1)
            node = self._tree.with_code(code)
            above = self._tree.with_id(node.parent_id) if node else self._top()
            code = row["parent_code"] or (above.code if above else "")
        return below + len(self._tree.address_of(self._tree.with_code(code)))

    def _top(self) -> Node | None:
        """What a new node stands below that does not say where."""
        return self._tree.with_id(own_organisation_id(self._actor)) or self._tree.root

    def _bring_in(self, row: ImportRow) -> str:
        known = Organisation.objects.filter(code=row["code"]).first()
        if known is not None and not known.path.startswith(self._actor.organisation_path):
            raise _Refused(_CODE, OUTSIDE)
        if known is not None and known.kind == OrganisationKind.STORE:
            raise _Refused(_CODE, CODE_OF_A_STORE)
        if known is not None and row["kind"] not in (None, known.kind):
            raise _Refused(_KIND, KIND_STAYS)
        wrong = find_place(row, self._tree, self._actor)
        if wrong is not None:
            raise _Refused(_BY_NAME[wrong.column], wrong.reason)
        return self._create(row) if known is None else self._change(row, known)

    def _create(self, row: ImportRow) -> str:
        parent = self._parent(row)
        kind = OrganisationKind(row["kind"] or kind_of(row["name"], parent))
        made = create_organisation(
            actor=self._actor,
            kind=kind,
            code=row["code"],
            name=row["name"],
            parent_id=parent.id if parent else None,
        )
        self._tree.add(made)
        return "new"

    def _change(self, row: ImportRow, known: Organisation) -> str:
        parent = self._parent(row) if row["has_place"] else None
        moves = parent is not None and parent.id != known.parent_id
        if moves:
            assert parent is not None
            move_organisation(actor=self._actor, organisation_id=known.id, parent_id=parent.id)
        if row["name"] != known.name:
            rename_organisation(actor=self._actor, organisation_id=known.id, name=row["name"])
        elif not moves:
            return "unchanged"
        self._tree = Tree()
        return "changed"

    def _parent(self, row: ImportRow) -> Node | None:
        """What is right above; where the row does not say, the actor's own part, else the root."""
        if row["parent_id"] is not None:
            return self._tree.with_id(row["parent_id"])
        if row["place"] is not None:
            return self._tree.make(self._actor, read_place(row["place"]))
        is_root = row["kind"] in (None, OrganisationKind.HEAD_OFFICE) and self._tree.root is None
        return None if is_root else self._top() or self._tree.make(self._actor, [])


@contextmanager
def _open_intake(*, actor: Actor, commit: bool) -> Iterator[_Intake]:
    with transaction.atomic():
        lock_tree()
        yield _Intake(actor)
        if not commit:
            transaction.set_rollback(True)


ORGANISATIONS = ImportPlan(
    kind="organisations",
    zh="组织",
    en="organisations",
    permission=PERMISSION,
    columns=_COLUMNS,
    open_intake=_open_intake,
)
