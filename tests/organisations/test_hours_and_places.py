"""Stores: opening hours of a week, and places by the table of divisions."""

from __future__ import annotations

import pytest

from kaquan.foundation.errors import KaquanError
from kaquan.organisations import divisions
from kaquan.organisations.actions import create_store, update_store
from kaquan.organisations.hours import read_week, week_in_words, written_day
from kaquan.organisations.models import Store
from tests.builders.issuer import SYSTEM, a_store, an_organisation

DAY = "09:00–21:00"


@pytest.mark.parametrize(
    "typed",
    [
        "09:00-21:00",
        "9:00–21:00",
        "09:00 ～ 21:00".replace("～", "至"),
        "９：００－２１：００",
        "9:00 — 21:00",
    ],
)
def test_hours_are_read_as_people_type_them(typed: str) -> None:
    assert read_week({1: typed})["1"] == [["09:00", "21:00"]]


@pytest.mark.parametrize(
    "typed",
    ["9-21", "21:00-09:00", "09:00-09:00", "09:60-10:00", "24:01-24:02", "09:00-12:00,11:00-13:00",
     "09:00", "早上", "1:00-2:00,3:00-4:00,5:00-6:00,7:00-8:00,9:00-10:00"],
)  # fmt: skip
def test_hours_that_cannot_be_are_refused_with_the_day(typed: str) -> None:
    with pytest.raises(KaquanError, match="周三"):
        read_week({3: typed})


def test_days_with_the_same_hours_are_told_together() -> None:
    week = read_week({**dict.fromkeys(range(1, 6), DAY), 6: "10:00-12:00，14:00-18:00"})

    assert week_in_words(week) == "周一至周五 09:00–21:00；周六 10:00–12:00，14:00–18:00；周日 休息"
    assert week_in_words(read_week(dict.fromkeys(range(1, 8), DAY))) == f"每日 {DAY}"
    assert written_day(week, 6) == "10:00–12:00，14:00–18:00"


def test_every_code_of_the_table_stands_below_another_and_names_a_place() -> None:
    provinces = divisions.provinces()
    cities = [one for above in provinces for one in divisions.cities(above.code)]
    districts = [one for above in cities for one in divisions.districts(above.code)]

    assert len(provinces) == 34
    assert len(cities) > 330
    assert len(districts) > 2_800
    assert len({one.code for one in (*provinces, *cities, *districts)}) == len(divisions._table())
    for one in (*cities, *districts):
        place = divisions.place_of(one.code)
        assert place.province, one
        assert place.city, one


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ("310101", ("上海市", "上海市", "黄浦区")),
        ("330106", ("浙江省", "杭州市", "西湖区")),
        ("429004", ("湖北省", "仙桃市", "仙桃市")),
        ("441900", ("广东省", "东莞市", "")),
        ("330100", ("浙江省", "杭州市", "")),
        ("810001", ("香港特别行政区", "香港特别行政区", "中西区")),
        ("710000", ("台湾省", "台湾省", "")),
    ],
)
def test_a_code_names_its_place(code: str, place: tuple[str, str, str]) -> None:
    assert tuple(divisions.place_of(code)) == place


@pytest.mark.parametrize("code", ["", "33", "330000", "110000", "999999", "33010６", "x" * 20])
def test_a_code_of_no_city_or_district_is_refused(code: str) -> None:
    with pytest.raises(KaquanError) as error:
        divisions.place_of(code)
    assert error.value.code == "value_invalid"


@pytest.mark.usefixtures("database")
def test_a_stores_place_and_hours_are_kept_as_data_and_as_words() -> None:
    root = an_organisation("总部", None)
    week = read_week(dict.fromkeys(range(1, 8), DAY))

    store = create_store(
        actor=SYSTEM, code="S1", name="西湖店", parent_id=root.id, division_code="330106",
        weekly_hours=week, phone="0571-88888888",
    )  # fmt: skip

    assert (store.province, store.city, store.district) == ("浙江省", "杭州市", "西湖区")
    assert store.open_hours == f"每日 {DAY}"
    update_store(actor=SYSTEM, code="S1", open_hours="全天")
    update_store(actor=SYSTEM, code="S1", city="余杭")
    store = Store.objects.get(pk=store.pk)
    assert (store.weekly_hours, store.open_hours) == (None, "全天")
    assert (store.division_code, store.province, store.city) == ("", "浙江省", "余杭")


@pytest.mark.usefixtures("database")
def test_a_place_that_does_not_exist_changes_nothing() -> None:
    store = a_store(an_organisation("总部", None), "S1")
    before = Store.objects.filter(pk=store.pk).values().get()

    with pytest.raises(KaquanError):
        update_store(actor=SYSTEM, code="S1", division_code="999999", address="新址")

    assert Store.objects.filter(pk=store.pk).values().get() == before
