"""docs/reference/settings.md: every environment variable that Kaquan reads."""

from __future__ import annotations

from types import ModuleType

from tools.docs.markdown import both, heading, table

_INTRODUCTION = """
所有设置都来自环境变量；空值等于未设置。`kaquan config` 显示当前的值。

Every setting is an environment variable; an empty one counts as absent. `kaquan config` shows
the values in force.

"""


def page(configuration: ModuleType) -> str:
    """The page, from ``SETTINGS`` of `kaquan.foundation.configuration`."""
    columns = (
        "名称 · Name",
        "类型 · Kind",
        "默认 · Default",
        "含义 · Meaning",
        "保密 · Secret",
    )
    rows = (
        (
            f"`{setting.name}`",
            setting.kind,
            setting.default_text or "—",
            both(setting.zh, setting.en),
            "是 · yes" if setting.secret else "",
        )
        for setting in configuration.SETTINGS
    )
    title = heading("设置", "Settings", source=configuration.__name__)
    return title + _INTRODUCTION + table(columns, rows)
