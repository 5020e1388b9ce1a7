"""What the issuer may change while everything runs, and what an installation was told outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from kaquan.foundation.actor import Actor
from kaquan.foundation.configuration import current_configuration
from kaquan.organisations.errors import setting_invalid
from kaquan.organisations.issuer_settings import (
    PERMISSION,
    SETTINGS,
    SettingKind,
    change_settings,
    issuer_settings,
)
from kaquan.surfaces.console.kit.actions import Doing
from kaquan.surfaces.console.kit.cells import Text
from kaquan.surfaces.console.kit.fields import Field
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.screens import language_now

_CHOICES: dict[str, Text] = {
    "browser": _("As the browser asks"),
    "zh-hans": "简体中文",
    "en": "English",
}
_SEEN = "seen-"


def _words(kind: SettingKind) -> str:
    return kind.zh if language_now() == "zh" else kind.en


def _field(kind: SettingKind) -> Field:
    if isinstance(kind.default, bool):
        return Field(kind.name, _words(kind), "choice", required=True,
                     options=[("on", _("On")), ("off", _("Off"))])  # fmt: skip
    if kind.choices:
        options = [(one, _CHOICES.get(one, one)) for one in kind.choices]
        return Field(kind.name, _words(kind), "choice", required=True, options=options)
    if kind.characters:
        return Field(kind.name, _words(kind), characters_max=kind.characters)
    bounds = f"{kind.least:,}–{kind.most:,}"
    return Field(kind.name, _words(kind), required=True, characters_max=12, hint=bounds)


def _typed(kind: SettingKind, value: object) -> str:
    if isinstance(kind.default, bool):
        return "on" if value else "off"
    return str(value)


def _value(kind: SettingKind, typed: str) -> bool | int | str:
    if isinstance(kind.default, bool):
        return typed == "on"
    if kind.choices or kind.characters:
        return typed
    digits = typed.replace(",", "").replace("，", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 12):
        raise setting_invalid(kind.zh, kind.en, f"{kind.least:,}–{kind.most:,}")
    return int(digits)


def _zone_hint() -> str:
    """What can be changed at the machine only."""
    zone = current_configuration().time_zone.key
    return gettext("Time zone: %(zone)s; it is set where the server is started.") % {"zone": zone}


class IssuerSettings(FormScreen):
    """All settings in one form; each carries the value that was seen."""

    name = "settings"
    path = "settings"
    title = _("Settings")
    permission = PERMISSION
    hint = lazy(_zone_hint, str)()
    fields = ()

    def form_fields(self, actor: Actor, key: Any) -> Sequence[Field]:
        """A field and what was seen for each setting."""
        del actor, key
        seen = [Field(f"{_SEEN}{one.name}", "", "hidden") for one in SETTINGS]
        return [*map(_field, SETTINGS), *seen]

    def initial(self, actor: Actor, key: Any) -> dict[str, Any]:
        """As they are."""
        del key
        now = issuer_settings(actor)
        typed = {one.name: _typed(one, now[one.name]) for one in SETTINGS}
        return {**typed, **{f"{_SEEN}{name}": value for name, value in typed.items()}}

    def save(self, doing: Doing, key: Any) -> tuple[Text, str]:
        """Change those that are other than what was seen."""
        del key
        typed = {name: value or "" for name, value in doing.values.items()}
        changed = [one for one in SETTINGS if typed[one.name] != typed[f"{_SEEN}{one.name}"]]
        expected = {
            one.name: _value(one, typed[f"{_SEEN}{one.name}"])
            for one in changed
            if typed[f"{_SEEN}{one.name}"] or one.characters
        }
        change_settings(
            actor=doing.actor,
            values={one.name: _value(one, typed[one.name]) for one in changed},
            expected=expected,
        )
        return _("The settings were saved."), self.address()

    def home(self, key: Any) -> str:
        """Here."""
        del key
        return self.address()
