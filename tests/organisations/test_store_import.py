"""Stores come in with the organisations on the way to them, once."""

from pathlib import Path

import pytest

from kaquan.foundation.changes.models import Change
from kaquan.foundation.imports import ImportReport, run_import
from kaquan.organisations.actions import rename_organisation
from kaquan.organisations.imports import STORES
from kaquan.organisations.imports_organisations import ORGANISATIONS
from kaquan.organisations.models import Organisation, OrganisationKind, Store
from tests.builders.issuer import SYSTEM, a_store, an_organisation, import_rows, staff_of, write_csv

pytestmark = pytest.mark.usefixtures("database")

HEADER = ("门店编码", "门店名称", "大区", "省", "市", "地址", "状态")
BEIJING = ("B1", "国贸店", "华北", "北京市", "北京市", "建国门外大街 1 号", "营业")
SHANGHAI = ("S1", "人民广场店", "华东", "上海市", "上海市", "人民大道 1 号", "open")


def everything() -> list[object]:
    return [
        *Organisation.objects.order_by("id").values_list(),
        *Store.objects.order_by("organisation_id").values_list(),
    ]


def numbers(report: ImportReport) -> tuple[int, int, int, int]:
    return report.new, report.changed, report.unchanged, report.broken


def names_above(code: str) -> list[str]:
    names = []
    node = Organisation.objects.get(code=code).parent
    while node is not None:
        names.insert(0, node.name)
        node = node.parent
    return names


def test_a_dry_run_tells_what_would_happen_and_writes_nothing(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "stores.csv", [HEADER, BEIJING, SHANGHAI])

    report = run_import(STORES, file, actor=SYSTEM)

    assert numbers(report) == (2, 0, 0, 0)
    assert not report.committed
    assert everything() == []


def test_the_organisations_on_the_way_come_with_their_stores(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "stores.csv", [HEADER, BEIJING, SHANGHAI])

    report = run_import(STORES, file, actor=SYSTEM, commit=True)

    assert numbers(report) == (2, 0, 0, 0)
    assert names_above("B1") == ["总部", "华北", "北京市", "北京市"]
    assert names_above("S1") == ["总部", "华东", "上海市", "上海市"]
    kinds = list(Organisation.objects.order_by("path").values_list("kind", flat=True))
    assert kinds.count("head_office") == 1
    assert kinds.count("region") == kinds.count("province") == kinds.count("city") == 2
    store = Store.objects.get(organisation__code="B1")
    assert (store.province, store.address, store.status) == (
        "北京市",
        "建国门外大街 1 号",
        "open",
    )
    assert store.organisation.path.endswith(f".{store.organisation_id}.")


def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "stores.csv", [HEADER, BEIJING, SHANGHAI])
    run_import(STORES, file, actor=SYSTEM, commit=True)
    before = everything()

    report = run_import(STORES, file, actor=SYSTEM, commit=True)

    assert numbers(report) == (0, 0, 2, 0)
    assert everything() == before


def test_a_store_moves_when_its_place_changes_and_keeps_its_id() -> None:
    import_rows(STORES, [{"code": "B1", "name": "店", "region": "华北", "city": "北京"}])
    store_id = Store.objects.get(organisation__code="B1").organisation_id

    row = {"code": "B1", "name": "店", "region": "华北", "city": "天津"}
    report = import_rows(STORES, [row])

    assert numbers(report) == (0, 1, 0, 0)
    assert names_above("B1") == ["总部", "华北", "天津"]
    moved = Organisation.objects.get(id=store_id)
    assert moved.parent is not None
    assert moved.path == f"{moved.parent.path}{store_id}."


def test_an_empty_cell_says_nothing_and_what_is_known_stays() -> None:
    row = {"code": "B1", "name": "店", "region": "华北", "address": "一号", "open_hours": "9-21"}
    import_rows(STORES, [row])

    report = import_rows(STORES, [{"code": "B1", "name": "新名", "open_hours": ""}])

    assert numbers(report) == (0, 1, 0, 0)
    store = Store.objects.get(organisation__code="B1")
    assert (store.address, store.open_hours) == ("一号", "9-21")
    assert store.organisation.name == "新名"
    assert names_above("B1") == ["总部", "华北"]


def test_organisations_that_were_there_before_are_used_by_name() -> None:
    root = an_organisation("集团", None, OrganisationKind.HEAD_OFFICE)
    north = an_organisation("华北", root)

    import_rows(STORES, [{"code": "B1", "name": "店", "region": "华北", "city": "北京"}])

    assert names_above("B1") == ["集团", "华北", "北京"]
    assert Organisation.objects.get(name="北京").parent == north


def test_an_organisation_renamed_since_does_not_stop_an_import_by_its_old_name() -> None:
    import_rows(STORES, [{"code": "B1", "name": "店", "region": "华北"}])
    north = Organisation.objects.get(name="华北")
    rename_organisation(actor=SYSTEM, organisation_id=north.id, name="北方")

    import_rows(STORES, [{"code": "B2", "name": "店", "region": "华北"}])

    assert names_above("B1") == ["总部", "北方"]
    assert names_above("B2") == ["总部", "华北"]


def test_a_broken_row_does_not_take_the_rest_with_it() -> None:
    rows = [
        {"code": "B1", "name": "好店"},
        {"code": "", "name": "没有编码"},
        {"code": "B2", "name": "坏状态", "status": "也许"},
        {"code": "B1", "name": "又一次"},
        {"code": "B3", "name": "好店"},
    ]

    report = run_import(STORES, rows, actor=SYSTEM, commit=True)

    assert numbers(report) == (2, 0, 0, 3)
    assert [(p.row_number, p.column, p.reason.code) for p in report.problems] == [
        (2, "code", "required"),
        (3, "status", "not_a_choice"),
        (4, "code", "duplicate_row"),
    ]
    codes = Store.objects.values_list("organisation__code", flat=True)
    assert sorted(codes) == ["B1", "B3"]


def test_the_code_of_a_region_is_not_taken_for_a_store() -> None:
    region = an_organisation("华北", None)
    before = everything()

    report = run_import(STORES, [{"code": region.code, "name": "店"}], actor=SYSTEM, commit=True)

    assert [problem.reason.code for problem in report.problems] == ["code_not_a_store"]
    assert everything() == before


def test_nobody_imports_outside_their_part_of_the_tree() -> None:
    root = an_organisation("总部", None)
    north, south = an_organisation("华北", root), an_organisation("华南", root)
    a_store(south, "S1")
    before = everything()
    rows = [
        {"code": "N1", "name": "新店", "region": "华南", "city": "广州"},
        {"code": "N2", "name": "新店", "region": "西北"},
        {"code": "S1", "name": "改名"},
    ]

    report = run_import(STORES, rows, actor=staff_of(north), commit=True)

    assert [problem.reason.code for problem in report.problems] == ["outside_your_part"] * 3
    assert everything() == before


def test_a_region_imports_its_own_stores_and_new_ones_belong_to_it() -> None:
    root = an_organisation("总部", None)
    north = an_organisation("华北", root)
    rows = [
        {"code": "N1", "name": "店", "region": "华北", "city": "北京"},
        {"code": "N2", "name": "店"},
    ]

    import_rows(STORES, rows, actor=staff_of(north))

    assert names_above("N1") == ["总部", "华北", "北京"]
    assert names_above("N2") == ["总部", "华北"]


def test_stores_stand_at_any_depth_by_a_path_or_by_the_code_above() -> None:
    rows = [
        {"code": "A", "name": "店", "path": "总部/华东大区/江苏省/南京市/鼓楼片区"},
        {"code": "B", "name": "店", "path": " 华东大区 > 江苏省 / 南京市／鼓楼片区 → 湖南路商圈"},
        {"code": "C", "name": "店", "region": "华东大区", "province": "江苏省", "city": "苏州市"},
    ]
    import_rows(STORES, rows)
    quarter = Organisation.objects.get(name="鼓楼片区")

    report = import_rows(
        STORES,
        [
            {"code": "C", "name": "店", "parent_code": quarter.code, "city": "南京市"},
            {"code": "B", "name": "店", "path": rows[1]["path"]},
        ],
    )

    assert numbers(report) == (0, 1, 1, 0)
    way = ["总部", "华东大区", "江苏省", "南京市", "鼓楼片区"]
    assert names_above("A") == names_above("C") == way
    assert names_above("B") == [*way, "湖南路商圈"]
    kinds = dict(Organisation.objects.exclude(kind="store").values_list("name", "kind"))
    assert [kinds[name] for name in names_above("B")] == [
        *("head_office", "region", "province", "city", "city", "city")
    ]


def test_a_place_that_cannot_be_is_refused_with_its_row_and_nothing_moves() -> None:
    root = an_organisation("总部", None)
    a_store(an_organisation("华东", root, code="EAST"), "S1")
    before = everything()
    rows = [
        {"code": "A", "name": "店", "path": "华东", "parent_code": "EAST"},
        {"code": "B", "name": "店", "parent_code": "NOWHERE"},
        {"code": "C", "name": "店", "parent_code": "S1"},
        {"code": "D", "name": "店", "path": "/".join(["级"] * 63)},
        {"code": "E", "name": "店", "path": "/".join(["级"] * 64)},
    ]

    report = run_import(STORES, rows, actor=SYSTEM, commit=True)

    assert [problem.reason.code for problem in report.problems] == [
        *("place_said_twice", "parent_unknown", "parent_a_store", "too_deep", "too_deep")
    ]
    assert everything() == before


TREE = [
    {"code": "P3", "name": "湖南路商圈", "parent_code": "P2"},
    {"code": "P2", "name": "鼓楼片区", "path": "集团/华东/南京市"},
    {"code": "P1", "name": "华东", "kind": "大区"},
    {"code": "P0", "name": "集团", "kind": "总部"},
]


def test_a_tree_comes_in_whatever_order_its_rows_have_and_a_dry_run_writes_nothing() -> None:
    tried = run_import(ORGANISATIONS, TREE, actor=SYSTEM)
    assert (numbers(tried), everything()) == ((4, 0, 0, 0), [])

    import_rows(ORGANISATIONS, TREE)
    again = import_rows(ORGANISATIONS, TREE)

    assert numbers(again) == (0, 0, 4, 0)
    assert names_above("P3") == ["集团", "华东", "南京市", "鼓楼片区"]
    assert Organisation.objects.get(code="P1").kind == "region"
    assert Organisation.objects.count() == 5
    kept = Change.objects.filter(kind="organisation", verb="organisations.create")
    assert kept.count() == 5


def test_a_tree_is_moved_and_renamed_by_a_file_with_all_below() -> None:
    import_rows(ORGANISATIONS, TREE)
    moved = [
        {"code": "P2", "name": "鼓楼", "parent_code": "P1"},
        {"code": "P1", "name": "华东大区"},
    ]

    report = import_rows(ORGANISATIONS, moved)

    assert numbers(report) == (0, 2, 0, 0)
    assert names_above("P3") == ["集团", "华东大区", "鼓楼"]


def test_rows_of_a_tree_that_cannot_be_are_refused_one_by_one_and_the_rest_comes_in() -> None:
    import_rows(ORGANISATIONS, TREE)
    a_store(Organisation.objects.get(code="P3"), "S1")
    rows = [
        {"code": "X1", "name": "甲", "parent_code": "X2"},
        {"code": "X2", "name": "乙", "parent_code": "X1"},
        {"code": "X3", "name": "丙", "parent_code": "NOWHERE"},
        {"code": "S1", "name": "丁"},
        {"code": "P1", "name": "华东", "kind": "市"},
        {"code": "X4", "name": "鼓楼片区", "path": "华东/南京市"},
        {"code": "P1", "name": "又一次"},
        {"code": "P1b", "name": "华东", "parent_code": "P3"},
        {"code": "P2", "name": "鼓楼片区", "parent_code": "P3"},
    ]

    report = run_import(ORGANISATIONS, rows, actor=SYSTEM, commit=True)

    assert [(problem.row_number, problem.reason.code) for problem in report.problems] == [
        (1, "parent_in_a_circle"),
        (2, "parent_in_a_circle"),
        (3, "parent_unknown"),
        (4, "code_of_a_store"),
        (5, "kind_stays"),
        (6, "organisation_exists"),
        (7, "duplicate_row"),
        (9, "organisation_misplaced"),
    ]
    assert numbers(report) == (1, 0, 0, 8)
    assert names_above("P1b")[-1] == "湖南路商圈"


def test_nobody_brings_in_a_tree_outside_their_part() -> None:
    import_rows(ORGANISATIONS, TREE)
    own = Organisation.objects.get(code="P2")
    rows = [
        {"code": "N1", "name": "西北", "parent_code": "P0"},
        {"code": "N2", "name": "兰州", "path": "西北"},
        {"code": "P1", "name": "改名"},
        {"code": "N3", "name": "新街口"},
    ]

    report = run_import(ORGANISATIONS, rows, actor=staff_of(own), commit=True)

    assert [problem.reason.code for problem in report.problems] == ["outside_your_part"] * 3
    assert names_above("N3")[-1] == "鼓楼片区"
    assert Organisation.objects.get(code="P1").name == "华东"
