"""docs/reference/problems.md: every problem that the HTTP API can answer with."""

from __future__ import annotations

from types import ModuleType

from tools.docs.markdown import both, heading, table

_INTRODUCTION = """
接口的每个拒绝都是一份问题文档（RFC 9457，`application/problem+json`），`code` 固定不变。
“可重试”指同一请求（同一请求号）稍后可能成功；503 与 429 的 `Retry-After` 说明多久之后。
同样的内容可由 `GET /api/v1/problems` 读取。

Every refusal of the API is a problem document (RFC 9457, `application/problem+json`) with a stable
`code`. "Retry": the very same request, with the same key, may succeed later; `Retry-After` of a 503
or 429 says when. `GET /api/v1/problems` gives the same list.

"""


def page(catalogue: ModuleType) -> str:
    """The page, from ``known_problems`` of `kaquan.surfaces.gateway.catalogue`."""
    columns = (
        "代码 · Code",
        "状态 · Status",
        "含义 · Meaning",
        "怎么办 · What helps",
        "可重试 · Retry",
    )
    english = catalogue.known_problems("en")
    rows = [
        (
            f"`{problem.code}`",
            str(problem.status),
            both(problem.text, english[problem.code].text),
            both(problem.remedy, english[problem.code].remedy),
            "是 · yes" if problem.retryable else "否 · no",
        )
        for problem in catalogue.known_problems("zh").values()
    ]
    title = heading("问题代码", "Problem codes", source=catalogue.__name__)
    return title + _INTRODUCTION + table(columns, rows)
