"""The replay's report as one HTML file that needs nothing else: no script, no font, no network."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from django.template import Context, Engine

from kaquan.engine.outcome_details import DETAILS
from kaquan.engine.outcomes import OutcomeCode
from kaquan.surfaces.demo.journey_coupons import Evidence
from kaquan.surfaces.demo.journey_report import CampaignFigures, Figures, ReplayReport

TEMPLATE = "demo/complete_journey.html"
EVIDENCE_WORDS = {
    Evidence.AMOUNT: (
        "小票记有该券商品的券优惠：按记录金额",
        "the till recorded a coupon discount on the coupon's products: that amount",
    ),
    Evidence.PRODUCT: (
        "小票有该券商品，但未记券优惠：按该券常见金额估算",
        "the order holds the coupon's products, no discount recorded: the usual amount, estimated",
    ),
    Evidence.NOTHING: (
        "当天小票上没有该券商品：按该券常见金额估算",
        "no product of the coupon on that day's orders: the usual amount, estimated",
    ),
}
IMPORTED_WORDS = {
    "stores": ("门店", "stores"),
    "products": ("商品", "products"),
    "customers": ("客户", "customers"),
    "orders": ("订单行", "order lines"),
}

_LEFT, _WIDTH, _ROW, _TOP = 64, 760, 22, 26


class Bar(NamedTuple):
    """A campaign on the time line, in the picture's own units."""

    number: int
    kind: str
    x: int
    y: int
    width: int
    text_y: int
    label_x: int
    label: str


class Month(NamedTuple):
    """Where a month begins on the time line."""

    x: int
    label: str


def dollars(amount_fen: int) -> str:
    """Cents as ``$1,234.56``."""
    return f"${amount_fen // 100:,}.{amount_fen % 100:02}"


def rate(part: int, whole: int) -> str:
    """A share as a percentage with two decimals, rounded down; a dash where there is no whole."""
    if not whole:
        return "–"
    hundredths = part * 10_000 // whole
    return f"{hundredths // 100}.{hundredths % 100:02}%"


def reasons(figures: Figures) -> list[tuple[str, str, str, int]]:
    """Why coupons were refused: code, Chinese, English, how often; the most frequent first."""
    counted = sorted(figures.refused.items(), key=lambda item: (-item[1], item[0]))
    return [
        (code, DETAILS[OutcomeCode[code]].zh, DETAILS[OutcomeCode[code]].en, count)
        for code, count in counted
    ]


def write_report(report: ReplayReport, path: Path) -> None:
    """Write the report; it appears under its name when it is complete."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(render(report), encoding="utf-8")
    temporary.replace(path)


def render(report: ReplayReport) -> str:
    """The report as HTML."""
    folder = Path(__file__).parent.joinpath("templates")
    template = Engine(dirs=[str(folder)]).get_template(TEMPLATE)
    bars = list(_bars(report.campaigns))
    context = Context(
        {
            "report": report,
            "total": _row("", report.total),
            "kinds": [_row(kind, figures) for kind, figures in report.kinds.items()],
            "campaigns": [_row(str(one.number), one.figures, one) for one in report.campaigns],
            "reasons": reasons(report.total),
            "evidence": [
                (*words, f"{report.total.redeemed[one]:,}", dollars(report.total.discount_fen[one]))
                for one, words in EVIDENCE_WORDS.items()
            ],
            "imported": [
                (*IMPORTED_WORDS[kind], f"{rows.rows:,}", f"{rows.new:,}", f"{rows.changed:,}")
                for kind, rows in report.imported.items()
            ],
            "proof": _proof(report),
            "bars": bars,
            "months": list(_months(report.campaigns)),
            "left": _LEFT,
            "chart_width": _LEFT + _WIDTH + 190,
            "chart_height": _TOP + len(bars) * _ROW + 8,
        }
    )
    return template.render(context)


def _row(name: str, figures: Figures, campaign: CampaignFigures | None = None) -> dict[str, object]:
    """One row of a table, every number written out."""
    return {
        "name": name,
        "kind": campaign.kind if campaign else name,
        "days": f"{campaign.first_day} – {campaign.last_day}" if campaign else "",
        "households": f"{figures.households:,}",
        "coupons": f"{figures.coupons:,}",
        "assigned": f"{figures.assigned:,}",
        "handed_in": f"{figures.handed_in:,}",
        "redeemed": f"{figures.redeemed_total:,}",
        "rate": rate(figures.redeemed_total, figures.assigned),
        "refused": f"{figures.refused_total:,}",
        "recorded": dollars(figures.recorded_fen),
        "estimated": dollars(figures.estimated_fen),
        "orders": f"{figures.orders:,}",
        "sales": dollars(figures.sales_fen),
        "order_unknown": f"{figures.order_unknown:,}",
    }


def _proof(report: ReplayReport) -> dict[str, object]:
    proof = report.proof
    return {
        "ok": proof.ok,
        "blocks": f"{proof.blocks:,}",
        "entries": f"{proof.entries:,}",
        "vouchers": f"{proof.vouchers:,}",
        "seconds": round(proof.seconds),
        "faults": [str(fault) for fault in proof.faults],
        "heads": proof.head_hashes.items(),
    }


def _bars(campaigns: list[CampaignFigures]) -> Iterator[Bar]:
    for place, campaign in enumerate(campaigns):
        figures = campaign.figures
        x = _x(campaign.first_day, campaigns)
        width = max(_x(campaign.last_day, campaigns) - x, 4)
        top = _TOP + place * _ROW
        share = rate(figures.redeemed_total, figures.assigned)
        label = f"{figures.redeemed_total:,} / {figures.assigned:,} ({share})"
        yield Bar(campaign.number, campaign.kind, x, top + 4, width, top + 16, x + width + 6, label)


def _months(campaigns: list[CampaignFigures]) -> Iterator[Month]:
    if not campaigns:
        return
    last = max(one.last_day for one in campaigns)
    month = min(one.first_day for one in campaigns).replace(day=1)
    while month <= last:
        x = _x(month, campaigns)
        if x >= _LEFT:
            yield Month(x, f"{month:%Y-%m}" if month.month in (1, 7) else f"{month:%m}")
        month = (month + timedelta(days=32)).replace(day=1)


def _x(day: date, campaigns: list[CampaignFigures]) -> int:
    first = min(one.first_day for one in campaigns)
    days = (max(one.last_day for one in campaigns) - first).days or 1
    return _LEFT + (day - first).days * _WIDTH // days
