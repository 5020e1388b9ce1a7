"""Bringing in stores, and the organisations along the path to them."""

from django.db.backends.utils import CursorWrapper

from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor
from kaquan.foundation.imports import Column, ImportPlan, ImportRow, refusal
from kaquan.foundation.imports_cells import Reason
from kaquan.foundation.imports_problems import Problem
from kaquan.foundation.imports_staging import Check, Staging, staged
from kaquan.organisations.actions import PERMISSION, lock_tree, read_code, read_name
from kaquan.organisations.coordinates import (
    ONE_ALONE,
    read_latitude,
    read_longitude,
    written_degrees,
)
from kaquan.organisations.imports_places import (
    OUTSIDE,
    PARENT,
    PATH,
    Tree,
    find_place,
    read_place,
)
from kaquan.organisations.models import StoreStatus
from kaquan.organisations.queries import own_organisation_id
from kaquan.organisations.searching import search_text_of

_STATUS_WORDS = {
    **{status.value: status.value for status in StoreStatus},
    **{str(status.label): status.value for status in StoreStatus},
    "关店": StoreStatus.CLOSED.value,
}
NOT_A_STORE = Reason(
    "code_not_a_store",
    "该编码已属于一个非门店的组织，请换编码",
    "the code belongs to an organisation that is no store; choose another",
)
_COLUMNS = (
    Column("code", "门店编码", read_code, required=True, also=("store_code", "编码", "store_id")),
    Column("name", "门店名称", read_name, required=True, also=("store_name", "名称", "门店")),
    Column("region", "大区", read_name),
    Column("province", "省", cells.text(50), also=("省份", "state")),
    Column("city", "市", cells.text(50), also=("城市",)),
    PATH,
    PARENT,
    Column("address", "地址", cells.text(200), also=("门店地址",)),
    Column("open_hours", "营业时间", cells.text(100)),
    Column("status", "状态", cells.choice(_STATUS_WORDS), also=("营业状态",)),
    Column("latitude", "纬度", read_latitude, also=("lat", "GCJ-02 纬度")),
    Column("longitude", "经度", read_longitude, also=("lng", "lon", "GCJ-02 经度")),
)

_LATITUDE, _LONGITUDE = _COLUMNS[-2:]
_NUMBERS = (_LATITUDE.name, _LONGITUDE.name)
_BY_NAME = {column.name: column for column in _COLUMNS}
_PLACES = ("region", PATH.name, PARENT.name)


def _resolve(
    rows: list[ImportRow],
    *,
    actor: Actor,
    commit: bool,  # noqa: ARG001
) -> list[Problem]:
    """Find the parent of each store; where some of the path is yet to be made, it stays empty."""
    tree = Tree()
    problems = []
    inside = []
    for row in rows:
        if (row["latitude"] is None) is not (row["longitude"] is None):
            known = row["latitude"] if row["longitude"] is None else row["longitude"]
            column = _LATITUDE if row["longitude"] is None else _LONGITUDE
            problems.append(refusal(row["row_number"], column, written_degrees(known), ONE_ALONE))
            continue
        wrong = find_place(row, tree, actor)
        if wrong is not None:
            column = _BY_NAME[wrong.column]
            problems.append(refusal(row["row_number"], column, wrong.content, wrong.reason))
            continue
        row["search_text"] = search_text_of(row["name"], row["code"])
        if not row["has_place"]:
            row["parent_id"] = own_organisation_id(actor)
        inside.append(row)
    rows[:] = inside
    return problems


def _write(cursor: CursorWrapper, actor: Actor) -> None:
    lock_tree()
    cursor.execute(_PLACES_TO_MAKE)
    places = [written for (written,) in cursor.fetchall()]
    tree = Tree() if places else None
    for written in places:
        assert tree is not None
        parent = tree.make(actor, read_place(written or "[]"))
        cursor.execute(_PLACE_MADE, [parent.id, written])
    for statement in _WRITE:
        cursor.execute(statement)


# A cell left empty says nothing: what is known stays.
_JUDGE = """
SELECT staged.*,
  CASE
    WHEN node.id IS NULL THEN 'new'
    WHEN node.name <> staged.name
      OR (staged.has_place AND node.parent_id IS DISTINCT FROM staged.parent_id)
      OR store.address <> coalesce(staged.address, store.address)
      OR store.province <> coalesce(staged.province, store.province)
      OR store.city <> coalesce(staged.city, store.city)
      OR store.open_hours <> coalesce(staged.open_hours, store.open_hours)
      OR store.status <> coalesce(staged.status, store.status)
      OR store.latitude_microdegrees IS DISTINCT FROM
        coalesce(staged.latitude, store.latitude_microdegrees)
      OR store.longitude_microdegrees IS DISTINCT FROM
        coalesce(staged.longitude, store.longitude_microdegrees)
    THEN 'changed'
    ELSE 'unchanged'
  END AS verdict
FROM staged
LEFT JOIN organisations_organisation AS node USING (code)
LEFT JOIN organisations_store AS store ON store.organisation_id = node.id
"""

_CHECKS = (
    Check(
        "code",
        NOT_A_STORE,
        """
        SELECT row_number, code FROM staged JOIN organisations_organisation AS node USING (code)
        WHERE node.kind <> 'store' AND starts_with(node.path, %(scope)s)
        """,
    ),
    Check(
        "code",
        OUTSIDE,
        """
        SELECT row_number, code FROM staged JOIN organisations_organisation AS node USING (code)
        WHERE NOT starts_with(node.path, %(scope)s)
        """,
    ),
)

_PLACES_TO_MAKE = """
SELECT DISTINCT place FROM judged
WHERE parent_id IS NULL AND (has_place OR verdict = 'new')
ORDER BY place
"""

_PLACE_MADE = """
UPDATE judged SET parent_id = %s
WHERE parent_id IS NULL AND (has_place OR verdict = 'new')
  AND place IS NOT DISTINCT FROM %s::text
"""

_WRITE = (
    """
    INSERT INTO organisations_organisation (id, code, name, kind, parent_id, path, search_text)
    SELECT fresh.id, fresh.code, fresh.name, 'store', parent.id, parent.path || fresh.id || '.',
      fresh.search_text
    FROM (
      SELECT code, name, parent_id, search_text,
        nextval(pg_get_serial_sequence('organisations_organisation', 'id')) AS id
      FROM judged WHERE verdict = 'new' ORDER BY row_number
    ) AS fresh
    JOIN organisations_organisation AS parent ON parent.id = fresh.parent_id
    """,
    """
    INSERT INTO organisations_store
      (organisation_id, address, province, city, open_hours, status, latitude_microdegrees,
        longitude_microdegrees)
    SELECT node.id, coalesce(address, ''), coalesce(province, ''), coalesce(city, ''),
      coalesce(open_hours, ''), coalesce(status, 'open'), latitude, longitude
    FROM judged JOIN organisations_organisation AS node USING (code)
    WHERE verdict = 'new'
    """,
    """
    UPDATE organisations_organisation AS node
    SET name = judged.name, parent_id = parent.id, path = parent.path || node.id || '.',
      search_text = judged.search_text
    FROM judged, organisations_organisation AS parent
    WHERE judged.verdict = 'changed' AND node.code = judged.code
      AND parent.id = CASE WHEN judged.has_place THEN judged.parent_id ELSE node.parent_id END
      AND (node.name, node.parent_id) IS DISTINCT FROM (judged.name, parent.id)
    """,
    """
    UPDATE organisations_store AS store
    SET address = coalesce(judged.address, store.address),
      province = coalesce(judged.province, store.province),
      city = coalesce(judged.city, store.city),
      open_hours = coalesce(judged.open_hours, store.open_hours),
      status = coalesce(judged.status, store.status),
      latitude_microdegrees = coalesce(judged.latitude, store.latitude_microdegrees),
      longitude_microdegrees = coalesce(judged.longitude, store.longitude_microdegrees)
    FROM judged JOIN organisations_organisation AS node USING (code)
    WHERE judged.verdict = 'changed' AND store.organisation_id = node.id
    """,
)

STORES = ImportPlan(
    kind="stores",
    zh="门店",
    en="stores",
    permission=PERMISSION,
    columns=_COLUMNS,
    open_intake=staged(
        Staging(
            columns=(
                *(
                    (column.name, "integer" if column.name in _NUMBERS else "text")
                    for column in _COLUMNS
                    if column.name not in _PLACES
                ),
                ("place", "text"),
                ("has_place", "boolean"),
                ("search_text", "text"),
                ("parent_id", "integer"),
            ),
            key=("code",),
            resolve=_resolve,
            checks=_CHECKS,
            judge=_JUDGE,
            write=_write,
        )
    ),
)
