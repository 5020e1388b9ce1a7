"""A segment's conditions while somebody builds them: fields by place, also half filled in.

A place is a path such as ``0-2-1``: the second condition of the third of the whole. What was typed
stays as it was typed until it makes sense.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from kaquan.customers import conditions as c
from kaquan.customers.models import Purpose
from kaquan.engine.money import MoneyFault, format_yuan, parse_yuan
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.organisations.searching import node_named
from kaquan.surfaces.console.kit.cells import Text
from kaquan.surfaces.console.kit.fields import (
    SEPARATOR,
    BadFieldError,
    Field,
    Filled,
    typed_of,
)
from kaquan.surfaces.console.kit.screens import in_words
from kaquan.surfaces.console.screens.customer_actions import names_in
from kaquan.surfaces.console.screens.customer_words import PURPOSES

NODES_MAX = 200
ROOT = "0"

MODES: dict[str, Promise] = {
    "all": _("All of these"),
    "any": _("At least one of these"),
    "none": _("None of these"),
}
KINDS: dict[str, Promise] = {
    "tags": _("Tags"),
    "belongs": _("Store or city"),
    "joined": _("Member since"),
    "birth_month": _("Month of birth"),
    "used": _("Vouchers used"),
    "spent": _("Orders come to"),
    "last_visit": _("Last visit"),
    "consents": _("Consents"),
}
_COMMAS = _("Several with commas between them.")
_MONTHS = [(str(number), str(number)) for number in range(1, 13)]
_PURPOSES = [(str(purpose), PURPOSES[purpose]) for purpose in Purpose]


@dataclass(frozen=True, slots=True)
class Part:
    """A field of a condition: how it is asked for, and what is made of what was typed."""

    field: Field
    read: Callable[[str, Actor], Any]
    written: Callable[[Any, Mapping[int, str]], str] = lambda value, _nodes: typed_of(value)


def _names(typed: str, _actor: Actor) -> list[str]:
    return names_in(typed)


def _boxes(typed: str, _actor: Actor) -> list[str]:
    return [one for one in typed.split(SEPARATOR) if one]


def _numbers(typed: str, _actor: Actor) -> list[int]:
    return [int(one) for one in typed.split(SEPARATOR) if one]


def _whole(typed: str, _actor: Actor) -> int:
    digits = typed.replace(",", "").replace("，", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise BadFieldError(gettext("Please enter a whole number."))
    return int(digits)


def _yuan(typed: str, _actor: Actor) -> int:
    amount_fen = parse_yuan(typed)
    if isinstance(amount_fen, MoneyFault):
        raise BadFieldError(gettext("Please enter an amount in yuan, such as 12.50."))
    return amount_fen


def _word(typed: str, _actor: Actor) -> str:
    return typed


def _nodes(typed: str, actor: Actor) -> list[int]:
    try:
        return [node_named(actor, one).id for one in names_in(typed)[:NODES_MAX]]
    except KaquanError as error:
        raise BadFieldError(in_words(error)) from None


def _comma(value: Sequence[str], _nodes: Mapping[int, str]) -> str:
    return "，".join(value)


def _money(value: int | None, _nodes: Mapping[int, str]) -> str:
    return "" if value is None else format_yuan(value).removeprefix("¥")


def _node_names(value: Sequence[int], nodes: Mapping[int, str]) -> str:
    return "，".join(nodes.get(one, "") for one in value if one in nodes)


def _tags(name: str, title: Text) -> Part:
    return Part(Field(name, title, characters_max=2_000, hint=_COMMAS), _names, _comma)


def _number(name: str, title: Text) -> Part:
    return Part(Field(name, title, characters_max=16), _whole)


def _day(name: str, title: Text) -> Part:
    return Part(Field(name, title, "day"), _word)


PARTS: dict[str, tuple[Part, ...]] = {
    "tags": (
        _tags("any", _("At least one of")),
        _tags("every", _("All of")),
        _tags("none", _("None of")),
    ),
    "belongs": (
        Part(Field("under", _("Store or city"), "node", characters_max=4_000,
                   hint=_("With all that lies below it.")), _nodes, _node_names),
    ),
    "joined": (
        _day("since", _("From")),
        _day("until", _("Until")),
        _number("days_min", _("For at least so many days")),
        _number("days_max", _("For at most so many days")),
    ),
    "birth_month": (
        Part(Field("months", _("Months"), "choices", options=_MONTHS), _numbers),
        Part(Field("relative", _("Or"), "choice",
                   options=[("this", _("this month")), ("next", _("next month"))]), _word),
    ),
    "used": (_number("least", _("At least")), _number("most", _("At most"))),
    "spent": (
        Part(Field("least_fen", _("At least (yuan)"), characters_max=20), _yuan, _money),
        Part(Field("most_fen", _("At most (yuan)"), characters_max=20), _yuan, _money),
    ),
    "last_visit": (
        _number("within_days", _("Within so many days")),
        _number("not_within_days", _("Not for so many days")),
    ),
    "consents": (
        Part(Field("given", _("Agrees to"), "choices", options=_PURPOSES), _boxes),
        Part(Field("missing", _("Does not agree to"), "choices", options=_PURPOSES), _boxes),
    ),
}  # fmt: skip


@dataclass(slots=True)
class Draft:
    """A group or a condition at its place."""

    kind: str
    path: str = ROOT
    mode: str = "all"
    typed: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    of: list[Draft] = field(default_factory=list)
    fresh: bool = False

    @property
    def is_group(self) -> bool:
        """Whether it holds others."""
        return self.kind == "group"

    @property
    def is_root(self) -> bool:
        """Whether it is the whole."""
        return self.path == ROOT

    @property
    def may_nest(self) -> bool:
        """Whether a group may stand in it."""
        return self.path.count("-") + 1 < c.DEPTH_MAX

    @property
    def title(self) -> Text:
        """What it is."""
        return _("Group") if self.is_group else KINDS[self.kind]

    @property
    def modes(self) -> list[tuple[str, Text, bool]]:
        """The ways of a group: value, words, whether it is the chosen one."""
        return [(name, words, name == self.mode) for name, words in MODES.items()]

    @property
    def kinds(self) -> list[tuple[str, Text]]:
        """What can be put into a group."""
        return list(KINDS.items())

    @property
    def filled(self) -> list[Filled]:
        """The fields of a condition as they are shown, each under a name of its place."""
        found = []
        for part in PARTS[self.kind]:
            one = part.field
            named = Field(
                f"{one.name}.{self.path}", one.title, one.kind, one.options, hint=one.hint,
                characters_max=one.characters_max,
            )  # fmt: skip
            found.append(Filled(named, self.typed.get(one.name, ""), self.errors.get(one.name, "")))
        return found

    def at(self, path: str) -> Draft | None:
        """What stands at a place."""
        if path == self.path:
            return self
        return next((found for one in self.of if (found := one.at(path))), None)

    def put(self, kind: str) -> None:
        """Add a condition or a group at the end of this one."""
        self.of.append(Draft(kind, f"{self.path}-{len(self.of)}", fresh=True))

    def take_away(self, path: str) -> None:
        """Without what stands at a place."""
        self.of = [one for one in self.of if one.path != path]
        for one in self.of:
            one.take_away(path)
        self.numbered(self.path)

    def numbered(self, path: str) -> None:
        """Give everything the place where it stands now."""
        self.path = path
        for number, one in enumerate(self.of):
            one.numbered(f"{path}-{number}")


def draft_of(group: c.Group, nodes: Mapping[int, str], path: str = ROOT) -> Draft:
    """Conditions as they are built; ``nodes`` knows what places are called."""
    made = Draft("group", path, group.mode)
    for number, one in enumerate(group.of):
        there = f"{path}-{number}"
        if isinstance(one, c.Group):
            made.of.append(draft_of(one, nodes, there))
            continue
        kind = str(one.__struct_config__.tag)
        typed = {
            part.field.name: part.written(getattr(one, part.field.name), nodes)
            for part in PARTS[kind]
        }
        made.of.append(Draft(kind, there, typed=typed))
    return made


def draft_in(sent: QueryDict) -> Draft:
    """What came with a form; what makes no sense in it is left out."""
    root = Draft("group", ROOT, _mode(sent, ROOT))
    places = sorted(
        (name.removeprefix("kind.") for name in sent if name.startswith("kind.0-")),
        key=lambda path: [int(part) if part.isdigit() else 0 for part in path.split("-")],
    )
    for path in places[: 2 * c.CONDITIONS_MAX]:
        kind = sent[f"kind.{path}"]
        above = root.at(path.rpartition("-")[0])
        if above is None or not above.is_group or not (kind in KINDS or kind == "group"):
            continue
        typed = {part.field.name: _typed(sent, part.field, path) for part in PARTS.get(kind, ())}
        above.of.append(Draft(kind, path, _mode(sent, path), typed))
    root.numbered(ROOT)
    return root


def conditions_in(draft: Draft, actor: Actor, *, lenient: bool = False) -> dict[str, Any]:
    """The conditions in JSON's types; faults are noted at their fields.

    ``lenient`` leaves out what is not filled in yet, for a count while somebody is at it.
    """
    within = []
    for one in draft.of:
        if one.is_group:
            made = conditions_in(one, actor, lenient=lenient)
            if made["of"] or not lenient:
                within.append(made)
            continue
        read = _read(one, actor)
        if len(read) > 1 or not lenient:
            within.append(read)
    return {"kind": "group", "mode": draft.mode, "of": within}


def has_errors(draft: Draft) -> bool:
    """Whether anything typed makes no sense."""
    return bool(draft.errors) or any(map(has_errors, draft.of))


def _read(draft: Draft, actor: Actor) -> dict[str, Any]:
    made: dict[str, Any] = {"kind": draft.kind}
    for part in PARTS[draft.kind]:
        name = part.field.name
        try:
            part.field.read(draft.typed.get(name, ""))
            typed = draft.typed.get(name, "").strip()
            if typed:
                made[name] = part.read(typed, actor)
        except BadFieldError as fault:
            draft.errors[name] = str(fault)
    return made


def _mode(sent: QueryDict, path: str) -> str:
    mode = sent.get(f"mode.{path}", "all")
    return mode if mode in MODES else "all"


def _typed(sent: QueryDict, asked: Field, path: str) -> str:
    name = f"{asked.name}.{path}"
    if asked.kind == "choices":
        return SEPARATOR.join(dict.fromkeys(sent.getlist(name)))
    return sent.get(name, "")
