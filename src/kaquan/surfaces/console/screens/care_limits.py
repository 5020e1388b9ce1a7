"""How far people of each role may go alone when they look after vouchers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.engine.money import format_yuan
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.redemption import care_limits
from kaquan.redemption.authority import EVERYONE_ELSE, UNBOUNDED, Authority
from kaquan.redemption.care_limits import LimitLine
from kaquan.surfaces.console.kit.actions import Doing
from kaquan.surfaces.console.kit.cells import Cell, Text, text
from kaquan.surfaces.console.kit.fields import Field
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.lists import Column
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.panels import Sentences, Table
from kaquan.surfaces.console.kit.screens import Call, Screen, language_now
from kaquan.surfaces.console.screens.voucher_care import read_amount

OTHERS = "others"
"""In an address, for the roles without bounds of their own."""


def _name(line: LimitLine) -> str:
    return line.name_zh if language_now() == "zh" else line.name_en


def _bound(value: int | None, line: LimitLine, words: str) -> Cell:
    if line.authority is None:
        return text(_("As all others") if line.role_code else _("No bound"))
    return text(_("No bound") if value is None else words)


def _amount(line: LimitLine) -> Cell:
    most_fen = (line.authority or UNBOUNDED).amount_fen_max
    return _bound(most_fen, line, format_yuan(most_fen or 0))


def _days(line: LimitLine) -> Cell:
    days = (line.authority or UNBOUNDED).days_after_use_max
    return _bound(days, line, f"{days}")


def _number(line: LimitLine) -> Cell:
    number = (line.authority or UNBOUNDED).number_a_day_max
    return _bound(number, line, f"{number}")


class CareLimits(Screen):
    """Every role that may look after vouchers, and its bounds."""

    name = "care-limits"
    path = "care-limits"
    title = _("Authority over vouchers")
    permission = care_limits.VIEW

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """The table."""
        del key
        may_set = holds(call.actor, care_limits.PERMISSION) and not call.actor.organisation_path

        def role(line: LimitLine) -> Cell:
            href = reverse("console:care-limit", kwargs={"key": line.role_code or OTHERS})
            return text(_name(line), href=href if may_set else "")

        columns: tuple[Column[Any], ...] = (
            Column[LimitLine]("role", _("Role"), role),
            Column[LimitLine]("amount", _("At once"), _amount, number=True),
            Column[LimitLine]("days", _("Days after a use"), _days, number=True),
            Column[LimitLine]("number", _("Times a day"), _number, number=True),
        )
        sentences = [
            str(_("What goes beyond asks for an approval; a file of more than 1,000 does always.")),
            str(_("To freeze and to unfreeze is bound by nothing: it moves no value.")),
            str(_("Who holds several roles has the widest of each.")),
        ]
        panels = [
            Table("", columns, care_limits.limit_lines(call.actor), ""),
            Sentences(_("How it works"), sentences),
        ]
        return self.page(call, "console/panels.html", {"panels": panels})


class EditCareLimit(FormScreen):
    """The bounds of one role."""

    name = "care-limit"
    path = "care-limits/<slug:key>"
    title = _("Authority over vouchers")
    hint = _("An empty field is no bound.")
    permission = care_limits.PERMISSION
    parent = "care-limits"
    fields = (
        Field("amount", _("At once (yuan)"), characters_max=40),
        Field("days", _("Days after a use"), characters_max=6),
        Field("number", _("Times a day"), characters_max=8),
    )

    def initial(self, actor: Actor, key: str) -> Mapping[str, Any]:
        """The bounds as they are; raises `role_unknown`."""
        line = care_limits.limit_line(actor, EVERYONE_ELSE if key == OTHERS else key)
        authority = line.authority or UNBOUNDED
        most_fen = authority.amount_fen_max
        return {
            "amount": None if most_fen is None else format_yuan(most_fen),
            "days": authority.days_after_use_max,
            "number": authority.number_a_day_max,
        }

    def save(self, doing: Doing, key: str) -> tuple[Text, str]:
        """Set them."""
        values = doing.values
        authority = Authority(
            read_amount(values["amount"]), _number_in(values["days"]), _number_in(values["number"])
        )
        role_code = EVERYONE_ELSE if key == OTHERS else key
        care_limits.set_limit(actor=doing.actor, role_code=role_code, authority=authority)
        return _("The bounds were set."), self.home(key)

    def home(self, key: str) -> str:
        """The table."""
        del key
        return reverse("console:care-limits")


def _number_in(typed: str | None) -> int | None:
    if typed is None:
        return None
    if not (typed.isascii() and typed.isdigit()):
        raise KaquanError("value_invalid", zh="应为整数。", en="Expected a whole number.")
    return int(typed)
