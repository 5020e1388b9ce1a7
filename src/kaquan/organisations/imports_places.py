"""Where a row of a table stands in the tree: by its levels, by a path of names of any length, or by
the code of what is right above it. What is missing on the way is made."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor
from kaquan.foundation.imports import Column, ImportRow
from kaquan.foundation.imports_cells import BadCellError, Reason
from kaquan.organisations.actions import DEPTH_MAX, create_organisation, read_code, read_name
from kaquan.organisations.models import Organisation, OrganisationKind

HEAD_OFFICE_NAME = "总部"
LEVELS = {
    "region": OrganisationKind.REGION,
    "province": OrganisationKind.PROVINCE,
    "city": OrganisationKind.CITY,
}
OUTSIDE = Reason(
    "outside_your_part",
    "不在您的管辖范围内，请由上级导入",
    "lies outside your part of the organisation; ask someone above to import it",
)
TOO_DEEP = Reason(
    "too_deep",
    f"层级过深，最多 {DEPTH_MAX} 级",
    f"lies too deep; there are {DEPTH_MAX} levels at most",
)
SAID_TWICE = Reason(
    "place_said_twice",
    "大区、上级路径、上级编码只能填一种",
    "give the region, or the path, or the code above; one of them only",
)
PARENT_UNKNOWN = Reason(
    "parent_unknown",
    "没有这个编码的组织；请先导入上级组织",
    "no organisation has this code; bring in the one above first",
)
PARENT_A_STORE = Reason(
    "parent_a_store",
    "该编码是一家门店，门店之下不能再有组织",
    "the code is that of a store; nothing stands below a store",
)
_SEPARATOR = re.compile(r"[/／>＞›→]")
_ENDINGS = (
    (("北京市", "天津市", "上海市", "重庆市"), OrganisationKind.PROVINCE),
    (("大区", "区域", "战区"), OrganisationKind.REGION),
    (("省", "自治区", "特别行政区"), OrganisationKind.PROVINCE),
    (("市", "州", "盟", "地区"), OrganisationKind.CITY),
)
_HEAD_OFFICES = (HEAD_OFFICE_NAME, "集团", "公司")
_BELOW: dict[str, OrganisationKind] = {
    OrganisationKind.HEAD_OFFICE: OrganisationKind.REGION,
    OrganisationKind.REGION: OrganisationKind.PROVINCE,
}


def read_path(cell: object) -> tuple[str, ...]:
    """Names from the top down, such as 华东大区/江苏省/南京市."""
    names = [part for part in _SEPARATOR.split(str(cell)) if part.strip()]
    if len(names) >= DEPTH_MAX:
        raise BadCellError(TOO_DEEP)
    if not names:
        raise BadCellError(cells.REQUIRED)
    return tuple(str(read_name(name)) for name in names)


PATH = Column("path", "上级路径", read_path, also=("组织路径", "所属路径"))
PARENT = Column("parent_code", "上级编码", read_code, also=("parent", "上级组织编码"))


class Step(NamedTuple):
    """One name on the way down; without a kind it gets the one that its name and place suggest."""

    kind: str
    name: str


class Node(NamedTuple):
    """An organisation that is no store."""

    id: int
    path: str
    kind: str
    code: str
    name: str
    parent_id: int | None


class Tree:
    """The organisations above the stores, as they are now; a few thousand at most."""

    def __init__(self) -> None:
        rows = Organisation.objects.exclude(kind=OrganisationKind.STORE).order_by("id")
        self.root: Node | None = None
        self._by_place: dict[tuple[int | None, str], Node] = {}
        self._by_code: dict[str, Node] = {}
        self._by_id: dict[int, Node] = {}
        for row in rows.values_list(*Node._fields):
            self._know(Node(*row))

    def with_code(self, code: str) -> Node | None:
        """The node of this code."""
        return self._by_code.get(code)

    def with_id(self, node_id: int | None) -> Node | None:
        """The node of this id."""
        return None if node_id is None else self._by_id.get(node_id)

    def address_of(self, node: Node | None) -> tuple[str, ...]:
        """Its name after those above it, from the top down."""
        names: list[str] = []
        while node is not None:
            names.insert(0, node.name)
            node = self.with_id(node.parent_id)
        return tuple(names)

    def place_of(self, names: Sequence[str]) -> list[Step]:
        """A path as the steps from the root, which a path may name first or leave out."""
        steps = [Step("", name) for name in names]
        if self.root is None:
            if names[0].endswith(_HEAD_OFFICES):
                steps[0] = Step(OrganisationKind.HEAD_OFFICE, names[0])
            return steps
        return steps[1:] if names[0] == self.root.name else steps

    def walk(self, place: Sequence[Step]) -> tuple[Node | None, list[Step]]:
        """The deepest node there is on the way down from the root, and the steps yet to come."""
        if self.root is None:
            return None, list(place)
        node = self.root
        if place and place[0] == (OrganisationKind.HEAD_OFFICE, node.name):
            place = place[1:]
        for depth, step in enumerate(place):
            below = self._by_place.get((node.id, step.name))
            if below is None:
                return node, list(place[depth:])
            node = below
        return node, []

    def make(self, actor: Actor, place: Sequence[Step]) -> Node:
        """The node at the end of the place; makes what is missing on the way."""
        node, missing = self.walk(place)
        if node is None and (not missing or missing[0].kind != OrganisationKind.HEAD_OFFICE):
            missing.insert(0, Step(OrganisationKind.HEAD_OFFICE, HEAD_OFFICE_NAME))
        for step in missing:
            kind = OrganisationKind(step.kind or kind_of(step.name, node))
            made = create_organisation(
                actor=actor,
                kind=kind,
                code=None,
                name=step.name,
                parent_id=node.id if node else None,
            )
            node = self.add(made)
        assert node is not None
        return node

    def add(self, made: Organisation) -> Node:
        """Know one more."""
        node = Node(made.id, made.path, made.kind, made.code, made.name, made.parent_id)
        self._know(node)
        return node

    def _know(self, node: Node) -> None:
        if node.parent_id is None and self.root is None:
            self.root = node
        self._by_place[node.parent_id, node.name] = node
        self._by_code[node.code] = node
        self._by_id[node.id] = node


def kind_of(name: str, parent: Node | None) -> OrganisationKind:
    """What a node is that nobody said the kind of: what its name ends with, else one level down."""
    if parent is None:
        return OrganisationKind.HEAD_OFFICE
    for endings, kind in _ENDINGS:
        is_below = parent.kind == OrganisationKind.PROVINCE and kind == OrganisationKind.PROVINCE
        if name.endswith(endings) and not is_below:
            return kind
    return _BELOW.get(parent.kind, OrganisationKind.CITY)


class Wrong(NamedTuple):
    """Which cell says what cannot be."""

    column: str
    content: str
    reason: Reason


def find_place(row: ImportRow, tree: Tree, actor: Actor) -> Wrong | None:
    """Say in the row where it stands: `parent_id` where that is there already, `place` for what is
    yet to be made, neither where the row does not say. Beside a path or a code, a province and a
    city are no more than facts of a store."""
    levels = [Step(kind, row[name]) for name, kind in LEVELS.items() if row.get(name)]
    ways = [bool(row.get("region")), row["path"] is not None, row["parent_code"] is not None]
    row["has_place"], row["parent_id"], row["place"] = any(ways) or bool(levels), None, None
    if sum(ways) > 1:
        return Wrong(PATH.name, _written(row), SAID_TWICE)
    missing: list[Step] = []
    if row["parent_code"] is not None:
        node = tree.with_code(row["parent_code"])
        if node is None:
            return Wrong(PARENT.name, row["parent_code"], _why_unknown(row["parent_code"]))
    else:
        place = tree.place_of(row["path"]) if row["path"] else levels
        node, missing = tree.walk(place)
        row["place"] = written_place(place) if place and missing else None
    if not row["has_place"]:
        return None
    if not (node.path if node else "").startswith(actor.organisation_path):
        return Wrong(_column(row), _written(row), OUTSIDE)
    if (node.path.count(".") if node else 1) + len(missing) >= DEPTH_MAX:
        return Wrong(_column(row), _written(row), TOO_DEEP)
    row["parent_id"] = node.id if node and not missing else None
    return None


def written_place(place: Sequence[Step]) -> str:
    """A place as a text, the same for the same place."""
    return json.dumps(place, ensure_ascii=False)


def read_place(written: str) -> list[Step]:
    """The place again."""
    return [Step(kind, name) for kind, name in json.loads(written)]


def _why_unknown(code: str) -> Reason:
    is_store = Organisation.objects.filter(code=code, kind=OrganisationKind.STORE).exists()
    return PARENT_A_STORE if is_store else PARENT_UNKNOWN


def _column(row: Mapping[str, object]) -> str:
    if row["parent_code"] is not None:
        return PARENT.name
    return PATH.name if row["path"] is not None else next(iter(LEVELS))


def _written(row: Mapping[str, object]) -> str:
    if row["parent_code"] is not None:
        return str(row["parent_code"])
    path = row["path"]
    if isinstance(path, tuple):
        return "/".join(path)
    return "/".join(str(row[level]) for level in LEVELS if row.get(level))
