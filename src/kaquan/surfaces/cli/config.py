"""``kaquan config``: the settings in force."""

from __future__ import annotations

from rich.console import Console

from kaquan.foundation.configuration import SETTINGS, Setting, current_configuration
from kaquan.surfaces.cli.output import Json, plain, show, table

MASKED = "******"


def config(json: Json = False) -> None:
    """显示当前设置，保密的值不显示 · Show the settings in force; secrets are masked."""
    values = current_configuration().environment()
    rows = [(setting, _shown(setting, values[setting.name])) for setting in SETTINGS]

    def people(console: Console) -> None:
        settings = table("设置 Setting", "值 Value", "含义 Meaning")
        for setting, value in rows:
            settings.add_row(setting.name, plain(value), f"{setting.zh}\n{setting.en}")
        console.print(settings)

    value = {
        "settings": [
            {"name": setting.name, "value": value, "secret": setting.secret}
            for setting, value in rows
        ]
    }
    show(value, json=json, people=people)


def _shown(setting: Setting, value: str) -> str:
    return MASKED if setting.secret and value else value
