"""docs/reference/limits.md: every number that bounds how often somebody may call."""

from __future__ import annotations

from types import ModuleType

from tools.docs.markdown import both, heading, table

_INTRODUCTION = """
每个密钥在热路径上的速率和并发数是设置：`KAQUAN_KEY_RATE_PER_S`、`KAQUAN_KEY_CONCURRENCY`。其余如下。
每个通过验证的答复都带 `RateLimit` 和 `RateLimit-Policy` 头；超限的答复是 429，带 `Retry-After`。

A key's rate and concurrency in the hot lane are settings: `KAQUAN_KEY_RATE_PER_S`,
`KAQUAN_KEY_CONCURRENCY`. The others are below. Every answer that passed authentication has the
headers `RateLimit` and `RateLimit-Policy`; beyond a limit the answer is 429 with `Retry-After`.

"""


def page(limits: ModuleType) -> str:
    """The page, from ``LIMITS`` of `kaquan.access.limit_table`."""
    columns = ("名称 · Name", "数 · Number", "单位 · Of", "含义 · Meaning")
    rows = (
        (f"`{limit.name}`", f"{limit.number:,}", limit.per, both(limit.zh, limit.en))
        for limit in limits.LIMITS
    )
    return heading("限额", "Limits", source=limits.__name__) + _INTRODUCTION + table(columns, rows)
