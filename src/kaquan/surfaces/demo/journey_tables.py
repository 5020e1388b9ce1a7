"""The replay's report for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from kaquan.surfaces.demo.journey_html import EVIDENCE_WORDS, dollars, rate, reasons
from kaquan.surfaces.demo.journey_report import Figures, ReplayReport

_COLUMNS = (
    "家庭 households",
    "指派 assigned",
    "核销 redeemed",
    "率 rate",
    "被拒 refused",
    "优惠（记录） discount",
    "优惠（估算） estimated",
    "订单 orders",
    "销售额 sales",
)


def report_tables(report: ReplayReport) -> Iterator[Table]:
    """What a person reads at the end of a replay: by type and campaign, refusals, evidence."""
    by_kind = _table("类型 type", *_COLUMNS)
    for kind, figures in report.kinds.items():
        by_kind.add_row(kind, *_cells(figures))
    by_kind.add_section()
    by_kind.add_row("合计 total", *_cells(report.total))
    yield by_kind
    by_campaign = _table("活动 campaign", *_COLUMNS)
    for one in report.campaigns:
        by_campaign.add_row(f"{one.number} · {one.kind}", *_cells(one.figures))
    yield by_campaign
    refused = _table("被拒原因 refused because", "次数 times")
    for code, zh, en, count in reasons(report.total):
        refused.add_row(f"{code} {zh} · {en}", f"{count:,}")
    yield refused
    evidence = _table("金额依据 amounts from", "核销 redeemed", "优惠 discount")
    for sort, (zh, en) in EVIDENCE_WORDS.items():
        evidence.add_row(
            f"{zh} · {en}",
            f"{report.total.redeemed[sort]:,}",
            dollars(report.total.discount_fen[sort]),
        )
    yield evidence


def _table(first: str, *numbers: str) -> Table:
    made = Table(box=None, pad_edge=False, header_style="bold")
    made.add_column(first, overflow="fold")
    for name in numbers:
        made.add_column(name, justify="right")
    return made


def _cells(figures: Figures) -> tuple[str, ...]:
    return (
        f"{figures.households:,}",
        f"{figures.assigned:,}",
        f"{figures.redeemed_total:,}",
        rate(figures.redeemed_total, figures.assigned),
        f"{figures.refused_total:,}",
        dollars(figures.recorded_fen),
        dollars(figures.estimated_fen),
        f"{figures.orders:,}",
        dollars(figures.sales_fen),
    )
