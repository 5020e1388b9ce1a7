"""The tree: paths that follow every change, and nobody who sees or changes more than their part."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from django.db import OperationalError, connections

from kaquan.foundation.errors import KaquanError
from kaquan.organisations import actions
from kaquan.organisations.actions import (
    create_organisation,
    create_store,
    move_organisation,
    rename_organisation,
)
from kaquan.organisations.models import Organisation, OrganisationKind
from kaquan.organisations.queries import (
    children,
    organisation_by_code,
    organisation_by_id,
    own_organisation_id,
    store_ids,
    stores,
)
from tests.builders.issuer import SYSTEM, a_store, an_organisation, staff_of
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("database")


def paths() -> dict[str, str]:
    return dict(Organisation.objects.values_list("name", "path"))


def a_chain(*names: str) -> list[Organisation]:
    chain: list[Organisation] = []
    for name in names:
        chain.append(an_organisation(name, chain[-1] if chain else None))
    return chain


def test_a_path_names_all_from_the_root_down() -> None:
    chain = a_chain(*(f"层 {depth}" for depth in range(12)))

    ids = [node.id for node in chain]
    assert chain[-1].path == "".join(f"{id_}." for id_ in ids)


def test_moving_a_node_takes_all_below_it_along() -> None:
    root, north, city = a_chain("总部", "华北", "北京")
    store = a_store(city)
    south = an_organisation("华南", root)

    move_organisation(actor=SYSTEM, organisation_id=north.id, parent_id=south.id)

    below = f"{root.id}.{south.id}.{north.id}."
    assert paths()["华北"] == below
    assert paths()["北京"] == f"{below}{city.id}."
    assert Organisation.objects.get(id=store.organisation_id).path.startswith(below)
    assert paths()["华南"] == f"{root.id}.{south.id}."


def test_a_node_cannot_move_below_itself() -> None:
    root, north, city = a_chain("总部", "华北", "北京")
    before = paths()

    for target in (north, city):
        with pytest.raises(KaquanError) as refused:
            move_organisation(actor=SYSTEM, organisation_id=north.id, parent_id=target.id)
        assert refused.value.code == "organisation_misplaced"

    assert paths() == before
    assert root.path in before.values()


def test_nothing_goes_below_a_store() -> None:
    (root,) = a_chain("总部")
    store = a_store(root)
    before = paths()

    with pytest.raises(KaquanError) as refused:
        create_store(actor=SYSTEM, code="X", name="X", parent_id=store.organisation_id)

    assert refused.value.code == "organisation_misplaced"
    assert paths() == before


def test_a_code_or_a_name_below_the_same_parent_is_taken_only_once() -> None:
    root, north = a_chain("总部", "华北")
    before = paths()

    for code, name, parent_id in (
        (north.code, "新", root.id),
        ("new", "华北", root.id),
        ("new", "总部", None),
    ):
        with pytest.raises(KaquanError) as refused:
            create_organisation(
                actor=SYSTEM,
                kind=OrganisationKind.REGION,
                code=code,
                name=name,
                parent_id=parent_id,
            )
        assert refused.value.code == "organisation_exists"

    assert paths() == before


def test_a_name_may_come_again_elsewhere_and_stores_may_share_one() -> None:
    root, north = a_chain("总部", "华北")
    south = an_organisation("华南", root)

    an_organisation("中心", north)
    an_organisation("中心", south)
    for code in ("S1", "S2"):
        create_store(actor=SYSTEM, code=code, name="旗舰店", parent_id=north.id)

    assert len(stores(SYSTEM, under_path=north.path)) == 2


def test_a_renamed_node_keeps_its_place() -> None:
    _, north = a_chain("总部", "华北")

    rename_organisation(actor=SYSTEM, organisation_id=north.id, name="北方区")

    assert paths()["北方区"] == north.path


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\x00b", "\ud800", "a\u200bb"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(KaquanError) as refused:
        create_organisation(
            actor=SYSTEM, kind=OrganisationKind.REGION, code="c", name=name, parent_id=None
        )

    assert refused.value.code == "value_invalid"
    assert not Organisation.objects.exists()


def test_everyone_sees_their_own_part_only() -> None:
    root, north = a_chain("总部", "华北")
    south = an_organisation("华南", root)
    a_store(north, "N1")
    a_store(south, "S1")
    actor = staff_of(north)

    assert organisation_by_id(actor, north.id) == north
    assert [store.organisation.code for store in stores(actor)] == ["N1"]
    assert list(store_ids(actor, ["N1", "S1"])) == ["N1"]
    assert children(actor, root.id) == [north]
    assert own_organisation_id(actor) == north.id
    for look in (
        lambda: organisation_by_id(actor, south.id),
        lambda: organisation_by_id(actor, root.id),
        lambda: organisation_by_code(actor, "S1"),
    ):
        with pytest.raises(KaquanError) as refused:
            look()
        assert refused.value.code == "organisation_unknown"


def test_a_node_whose_id_begins_with_the_same_digits_is_not_below() -> None:
    mine, other = (
        Organisation.objects.create(
            id=id_, code=str(id_), name=str(id_), kind=OrganisationKind.REGION, path=f"{id_}."
        )
        for id_ in (900_071, 9_000_712)
    )

    assert organisation_by_id(staff_of(mine), mine.id) == mine
    with pytest.raises(KaquanError):
        organisation_by_id(staff_of(mine), other.id)


def test_nobody_changes_what_lies_outside_their_part() -> None:
    root, north = a_chain("总部", "华北")
    south = an_organisation("华南", root)
    actor = staff_of(north)
    before = paths()

    for change in (
        lambda: rename_organisation(actor=actor, organisation_id=south.id, name="新名"),
        lambda: move_organisation(actor=actor, organisation_id=south.id, parent_id=north.id),
        lambda: create_store(actor=actor, code="new", name="新店", parent_id=south.id),
        lambda: create_store(actor=actor, code="new", name="新店", parent_id=None),
    ):
        with pytest.raises(KaquanError) as refused:
            change()
        assert refused.value.code == "organisation_unknown"

    assert paths() == before


def test_changing_the_tree_needs_the_permission() -> None:
    (root,) = a_chain("总部")

    with pytest.raises(KaquanError) as refused:
        rename_organisation(
            actor=staff_of(root, "customers.view"), organisation_id=root.id, name="新名"
        )

    assert refused.value.code == "permission_denied"
    assert list(paths()) == ["总部"]


def race_moves_into_each_other(monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], bool]:
    """Two people move north below south and south below north at once: what each is answered, and
    whether the two nodes are below each other afterwards."""
    root = an_organisation("总部", None)
    north, south = an_organisation("华北", root), an_organisation("华南", root)
    both_have_looked = threading.Barrier(2)
    look = actions._parent

    def look_and_wait(*arguments: object) -> Organisation | None:
        found = look(*arguments)  # type: ignore[arg-type]
        with suppress(threading.BrokenBarrierError):  # the other one waits for the lock
            both_have_looked.wait(timeout=0.3)
        return found

    monkeypatch.setattr(actions, "_parent", look_and_wait)

    def move(organisation: Organisation, target: Organisation) -> str:
        try:
            move_organisation(actor=SYSTEM, organisation_id=organisation.id, parent_id=target.id)
        except KaquanError as refused:
            return refused.code
        except OperationalError:
            return "deadlock"
        finally:
            connections.close_all()
        return "moved"

    with ThreadPoolExecutor(2) as people:
        answers = sorted(people.map(move, (north, south), (south, north)))
    parents = dict(Organisation.objects.values_list("id", "parent_id"))
    return answers, parents[north.id] == south.id and parents[south.id] == north.id


def test_two_moves_at_once_never_close_a_circle(monkeypatch: pytest.MonkeyPatch) -> None:
    answers, is_circle = race_moves_into_each_other(monkeypatch)

    assert answers == ["moved", "organisation_misplaced"]
    assert not is_circle


def test_without_the_lock_two_moves_at_once_close_a_circle_or_deadlock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(actions, "lock_tree", lambda: None)

    answers, is_circle = race_moves_into_each_other(monkeypatch)

    assert is_circle or "deadlock" in answers


def test_the_database_itself_refuses_a_path_that_is_none(database: Database) -> None:
    connection = database.connect()

    with pytest.raises(Exception, match="organisations_organisation_path_of_ids"):
        connection.execute(
            "insert into organisations_organisation (code, name, kind, path)"
            " values ('x', 'x', 'region', '1.2')"
        )
