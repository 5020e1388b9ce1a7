"""Who stands behind the ids of actors in the books, for those who look at what was done."""

from __future__ import annotations

from collections.abc import Collection

from kaquan.staff.models import StaffUser

NAMES_MAX = 1_000
_PEOPLE = "staff:"


def names_of(actor_ids: Collection[str]) -> dict[str, str]:
    """The names of people by the ids of their actors; programs and unknown ones are left out.

    Not scoped: whoever may see that something was done may know by whom.
    """
    numbers = {
        int(one.removeprefix(_PEOPLE))
        for one in actor_ids
        if one.startswith(_PEOPLE) and one.removeprefix(_PEOPLE).isdecimal()
    }
    if not numbers:
        return {}
    rows = StaffUser.objects.filter(id__in=numbers).values_list("id", "name")
    return {f"{_PEOPLE}{number}": name for number, name in rows[:NAMES_MAX]}


def actor_ids_named(words: str) -> list[str]:
    """The ids of actors that somebody means: people by name, user name or pinyin, programs by what
    the books call them. Not scoped, as above."""
    words = words.strip().lower()
    rows = StaffUser.objects.filter(search_text__contains=words).order_by("id")
    found = [f"{_PEOPLE}{number}" for number in rows.values_list("id", flat=True)[:NAMES_MAX]]
    return [*found, words, f"system:{words}"]
