"""Announcements reach those they are meant for, until they have read them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from kaquan.foundation.changes.models import Change
from kaquan.foundation.errors import KaquanError
from kaquan.organisations.models import Organisation
from kaquan.staff.acting import standing_of
from kaquan.staff.announcing import (
    announce,
    announcement_by_id,
    announcements_for,
    change_announcement,
    dismiss,
    withdraw_announcement,
)
from kaquan.staff.models import Announcement, StaffUser
from tests.builders.issuer import NOON, SYSTEM, an_organisation, staff_of
from tests.fixtures_database import Database
from tests.staff.people import acting, somebody

pytestmark = pytest.mark.usefixtures("database")
WEEK = timedelta(days=7)


@pytest.fixture
def east(database: Database) -> Organisation:
    return an_organisation("华东", an_organisation("总部", None))


def told(title: str = "盘点", **given: Any) -> Announcement:
    facts: dict[str, Any] = {"starts_at": NOON, "ends_at": NOON + WEEK, "at": NOON} | given
    return announce(actor=SYSTEM, title_zh=title, **facts)


def seen(user: StaffUser, at: Any = NOON) -> list[str]:
    roles = standing_of(user, at=at).role_codes
    return [one.title_zh for one in announcements_for(user, acting(user), roles=roles, at=at)]


def test_everybody_is_told_from_its_first_moment_until_its_last(east: Organisation) -> None:
    told()
    user = somebody(east, "clerk")

    assert seen(user) == ["盘点"]
    assert seen(user, NOON - timedelta(seconds=1)) == []
    assert seen(user, NOON + WEEK) == []


def test_a_part_of_the_tree_and_a_role_are_told_and_nobody_else(east: Organisation) -> None:
    shanghai = an_organisation("上海", east)
    west = an_organisation("华西", None)
    told("华东店员", organisation_id=east.id, roles=["clerk"])

    assert seen(somebody(shanghai, "clerk")) == ["华东店员"]
    assert seen(somebody(shanghai, "store_manager")) == []
    assert seen(somebody(west, "clerk")) == []


def test_who_has_read_it_is_told_no_more_until_it_says_something_else(east: Organisation) -> None:
    one = told()
    user, other = somebody(east, "clerk"), somebody(east, "clerk")

    for _ in range(2):
        dismiss(user=user, announcement_id=one.id, at=NOON)
    dismiss(user=user, announcement_id=2_000_000_000, at=NOON)
    assert (seen(user), seen(other)) == ([], ["盘点"])

    change_announcement(
        actor=SYSTEM, announcement_id=one.id, title_zh="盘点改期", starts_at=NOON,
        ends_at=NOON + WEEK,
    )  # fmt: skip
    assert seen(user) == ["盘点改期"]


def test_what_was_taken_back_is_shown_no_more(east: Organisation) -> None:
    one = told()

    for _ in range(2):
        withdraw_announcement(actor=SYSTEM, announcement_id=one.id, at=NOON)

    assert seen(somebody(east, "clerk")) == []
    verbs = list(Change.objects.filter(kind="announcement").values_list("verb", flat=True))
    assert verbs == ["announcements.create", "announcements.withdraw"]


def test_somebody_of_a_part_tells_their_own_part_and_sees_no_others_announcements(
    east: Organisation,
) -> None:
    lead = staff_of(east, "announcements.edit")
    above = told()

    own = announce(actor=lead, title_zh="区会", starts_at=NOON, ends_at=NOON + WEEK, at=NOON)

    assert own.organisation == east
    with pytest.raises(KaquanError, match="没有公告"):
        announcement_by_id(lead, above.id)


def test_what_makes_no_sense_is_refused_and_nothing_is_said() -> None:
    nonsense: list[dict[str, Any]] = [
        {"ends_at": NOON},
        {"roles": ["no-such-role"]},
        {"text_zh": "长" * 2_001},
    ]

    for given in nonsense:
        with pytest.raises(KaquanError) as error:
            told(**given)
        assert error.value.code == "value_invalid"

    assert not Announcement.objects.exists()


def test_only_who_may_announce_does() -> None:
    with pytest.raises(KaquanError, match="权限"):
        announce(
            actor=staff_of(None, "staff.view"), title_zh="无权", starts_at=NOON,
            ends_at=NOON + WEEK, at=NOON,
        )  # fmt: skip
