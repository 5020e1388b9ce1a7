"""docs/reference/outcomes.md: every answer that the ledger can give."""

from __future__ import annotations

from types import ModuleType

from tools.docs.markdown import both, heading, table

_INTRODUCTION = """
台账对每个命令给出一个答案。若有几个理由同时成立，告知编号最小的一个。“对外”是陌生人能看到的代码：
不存在、已过期和不属于你的券，在外面看来都一样。

The ledger answers every command with one of these. When several reasons hold, the one with the
lowest number is told. "Outside" is what a stranger sees: a voucher that does not exist, that has
expired or that belongs to someone else looks the same from there.

"""


def page(outcomes: ModuleType) -> str:
    """The page, from ``DETAILS`` of `kaquan.engine.outcome_details`."""
    columns = (
        "编号 · No.",
        "代码 · Code",
        "含义 · Meaning",
        "怎么办 · What helps",
        "可重试 · Retry",
        "对外 · Outside",
    )
    rows = []
    for code, detail in outcomes.DETAILS.items():
        rows.append(
            (
                str(code.value),
                f"`{code.name}`",
                both(detail.zh, detail.en),
                both(detail.remedy_zh, detail.remedy_en),
                "是 · yes" if detail.retryable else "否 · no",
                f"`{detail.public.name}`",
            )
        )
    title = heading("答复代码", "Outcome codes", source=outcomes.__name__)
    return title + _INTRODUCTION + table(columns, rows)
