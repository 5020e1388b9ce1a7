"""Nodes are found by name, code and the sounds of the name, each within one's own part."""

from __future__ import annotations

import pytest

from kaquan.foundation.errors import KaquanError
from kaquan.organisations.actions import rename_organisation
from kaquan.organisations.imports import STORES
from kaquan.organisations.models import Organisation
from kaquan.organisations.searching import node_named, nodes_found, written_node
from tests.builders.issuer import SYSTEM, an_organisation, import_rows, staff_of
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def east(database: Database) -> Organisation:
    return an_organisation("华东大区", None, code="EAST")


def names(words: str, actor: object = SYSTEM) -> list[str]:
    return [one.name for one in nodes_found(actor, words)]  # type: ignore[arg-type]


def test_a_node_is_found_by_its_name_its_code_and_its_sounds(east: Organisation) -> None:
    an_organisation("西北大区", None)

    for words in ("华东", "hddq", "huadong", "HUADONG", "east", "hua 大区"):
        assert names(words) == ["华东大区"], words


def test_a_heteronym_is_read_as_the_word_it_is_part_of(east: Organisation) -> None:
    an_organisation("重庆", east)

    assert names("cq") == ["重庆"]
    assert names("chongqing") == ["重庆"]


def test_what_was_imported_or_renamed_is_found_by_its_new_name(east: Organisation) -> None:
    rows = [{"code": "S1", "name": "人民广场店", "region": "华南", "province": "", "city": ""}]
    import_rows(STORES, rows)
    assert names("rmgcd") == ["人民广场店"]

    import_rows(STORES, [{**rows[0], "name": "外滩店"}])
    rename_organisation(actor=SYSTEM, organisation_id=east.id, name="江浙沪")

    assert names("rmgcd") == []
    assert names("wtd") == ["外滩店"]
    assert names("jzh") == ["江浙沪"]


def test_nothing_is_found_outside_ones_part(east: Organisation) -> None:
    west = an_organisation("华西大区", None)

    assert names("大区", staff_of(west)) == ["华西大区"]
    with pytest.raises(KaquanError, match="没有组织"):
        node_named(staff_of(west), "EAST")


def test_a_node_is_named_as_forms_write_it_by_code_or_by_its_only_name(
    east: Organisation,
) -> None:
    first, second = (
        an_organisation("城区", east),
        an_organisation("城区", an_organisation("浙", east)),
    )

    assert node_named(SYSTEM, written_node(second)) == second
    assert node_named(SYSTEM, " EAST ") == east
    assert node_named(SYSTEM, "华东大区") == east
    with pytest.raises(KaquanError) as error:
        node_named(SYSTEM, "城区")
    assert error.value.code == "organisation_ambiguous"
    assert node_named(SYSTEM, first.code) == first
