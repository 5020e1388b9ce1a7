"""A segment's conditions as people read them."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _

from kaquan.customers import conditions as c
from kaquan.engine.money import format_yuan
from kaquan.surfaces.console.kit.cells import listed
from kaquan.surfaces.console.screens.customer_words import PURPOSES
from kaquan.surfaces.console.screens.segment_drafts import MODES


def condition_sentences(group: c.Group, nodes: Mapping[int, str]) -> list[str]:
    """One sentence for each condition of the outermost group."""
    return [_said(one, nodes) for one in group.of]


def _said(one: c.Condition, nodes: Mapping[int, str]) -> str:
    if isinstance(one, c.Group):
        inner = _(", and ") if one.mode == "all" else _("; or ")
        return _("%(mode)s: %(conditions)s") % {
            "mode": str(MODES[one.mode]),
            "conditions": inner.join(f"（{_said(part, nodes)}）" for part in one.of),
        }
    return "；".join(_parts(one, nodes))


def _parts(leaf: c.Leaf, nodes: Mapping[int, str]) -> list[str]:
    match leaf:
        case c.Tags():
            said = [
                (leaf.any, _("has at least one of the tags %(names)s")),
                (leaf.every, _("has all of the tags %(names)s")),
                (leaf.none, _("has none of the tags %(names)s")),
            ]
            return [text % {"names": listed(names)} for names, text in said if names]
        case c.Belongs():
            known = [nodes.get(one, "?") for one in leaf.under]
            return [_("belongs to %(names)s") % {"names": listed(known)}]
        case c.Consents():
            said = [
                (leaf.given, _("agrees to: %(names)s")),
                (leaf.missing, _("does not agree to: %(names)s")),
            ]
            return [text % {"names": _purposes(names)} for names, text in said if names]
        case c.BirthMonth():
            found = []
            if leaf.months:
                found.append(_("born in the months %(names)s")
                             % {"names": listed(map(str, leaf.months))})  # fmt: skip
            if leaf.relative:
                found.append(_("born this month") if leaf.relative == "this"
                             else _("born next month"))  # fmt: skip
            return found
        case _:
            return _amounts(leaf)


def _amounts(leaf: c.Leaf) -> list[str]:
    said: list[tuple[object, str]] = []
    match leaf:
        case c.Joined():
            said = [
                (leaf.since, _("a member since %(value)s or later")),
                (leaf.until, _("a member since %(value)s or before")),
                (leaf.days_min, _("a member for at least %(value)s days")),
                (leaf.days_max, _("a member for at most %(value)s days")),
            ]
        case c.Used():
            said = [
                (leaf.least, _("used at least %(value)s vouchers")),
                (leaf.most, _("used at most %(value)s vouchers")),
            ]
        case c.Spent():
            said = [
                (_yuan(leaf.least_fen), _("spent at least %(value)s")),
                (_yuan(leaf.most_fen), _("spent at most %(value)s")),
            ]
        case c.LastVisit():
            said = [
                (leaf.within_days, _("was there within the last %(value)s days")),
                (leaf.not_within_days, _("was not there for the last %(value)s days")),
            ]
    return [text % {"value": value} for value, text in said if value is not None]


def _yuan(amount_fen: int | None) -> str | None:
    return None if amount_fen is None else format_yuan(amount_fen)


def _purposes(names: tuple[str, ...]) -> str:
    return listed(str(PURPOSES.get(one, one)) for one in names)
