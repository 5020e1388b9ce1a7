"""What a replay of the Complete Journey found, per campaign, per type of campaign and in all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from msgspec import Struct, field

from kaquan.engine.outcomes import Outcome
from kaquan.foundation.imports import ImportReport
from kaquan.ledger.prove import Proof
from kaquan.surfaces.demo.journey_coupons import Evidence, HandedIn
from kaquan.surfaces.demo.journey_data import Campaign


class Figures(Struct):
    """The counts of one campaign or of several together. Amounts are cents.

    ``redeemed`` and ``discount_fen`` by what the tills say of an amount: ``Evidence``.
    ``orders`` and ``sales_fen`` are those of the orders on which a coupon was used.
    """

    households: int = 0
    coupons: int = 0
    assigned: int = 0
    handed_in: int = 0
    redeemed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Evidence, 0))
    discount_fen: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Evidence, 0))
    refused: dict[str, int] = field(default_factory=dict)
    orders: int = 0
    sales_fen: int = 0
    order_unknown: int = 0

    @property
    def redeemed_total(self) -> int:
        """All redemptions that happened."""
        return sum(self.redeemed.values())

    @property
    def refused_total(self) -> int:
        """All that were refused."""
        return sum(self.refused.values())

    @property
    def recorded_fen(self) -> int:
        """The discount that the tills recorded."""
        return self.discount_fen[Evidence.AMOUNT]

    @property
    def estimated_fen(self) -> int:
        """The discount at the coupons' usual amounts, where the tills recorded none."""
        return sum(self.discount_fen.values()) - self.recorded_fen


class CampaignFigures(Struct):
    """One campaign's counts."""

    number: int
    kind: str
    first_day: date
    last_day: date
    figures: Figures


class ImportedRows(Struct):
    """How many rows of one kind there were, and what they meant to the database."""

    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0

    def add(self, report: ImportReport) -> None:
        """Count one more import."""
        self.rows += report.rows
        self.new += report.new
        self.changed += report.changed
        self.unchanged += report.unchanged


class ReplayReport(Struct):
    """The outcome of a replay, and the proof of the ledger after it.

    ``imported``, ``seconds`` and ``memory_mb`` are those of this run; all else a second replay
    repeats to the cent.
    """

    campaigns: list[CampaignFigures]
    kinds: dict[str, Figures]
    total: Figures
    imported: dict[str, ImportedRows]
    proof: Proof
    seconds: int
    memory_mb: int


class Tally:
    """Counts a replay as it goes: each event for its campaign, its type and in all."""

    def __init__(self, campaigns: Iterable[Campaign]) -> None:
        self._campaigns = {campaign.number: campaign for campaign in campaigns}
        kinds = sorted({campaign.kind for campaign in self._campaigns.values()})
        self._of_campaign = {number: Figures() for number in self._campaigns}
        self._of_kind = {kind: Figures() for kind in kinds}
        self._total = Figures()
        self._households: dict[int, set[int]] = {}
        self._orders: set[tuple[int, int]] = set()
        self._imported: dict[str, ImportedRows] = {}

    def imported(self, report: ImportReport) -> None:
        """Rows came in."""
        self._imported.setdefault(report.kind, ImportedRows()).add(report)

    def launched(self, campaign: Campaign, assigned: int) -> None:
        """A campaign began and so many coupons were assigned."""
        for figures in self._figures(campaign.number):
            households = self._households.setdefault(id(figures), set())
            households.update(campaign.households)
            figures.households = len(households)
            figures.coupons += len(campaign.coupons)
            figures.assigned += assigned

    def redeemed(self, handed: HandedIn, outcome: Outcome) -> None:
        """A coupon was handed in."""
        for figures in self._figures(handed.redemption.campaign):
            figures.handed_in += 1
            figures.order_unknown += handed.basket is None
            if not outcome.done:
                reason = outcome.code.name
                figures.refused[reason] = figures.refused.get(reason, 0) + 1
                continue
            figures.redeemed[handed.evidence] += 1
            discount_fen = sum(result.discount_fen for result in outcome.vouchers)
            figures.discount_fen[handed.evidence] += discount_fen
            if handed.basket and (id(figures), handed.basket.number) not in self._orders:
                self._orders.add((id(figures), handed.basket.number))
                figures.orders += 1
                figures.sales_fen += handed.basket.sales_fen

    def report(self, *, proof: Proof, seconds: int, memory_mb: int) -> ReplayReport:
        """All that was counted."""
        return ReplayReport(
            campaigns=[
                CampaignFigures(
                    number,
                    campaign.kind,
                    campaign.first_day,
                    campaign.last_day,
                    self._of_campaign[number],
                )
                for number, campaign in self._campaigns.items()
            ],
            kinds=self._of_kind,
            total=self._total,
            imported=self._imported,
            proof=proof,
            seconds=seconds,
            memory_mb=memory_mb,
        )

    def _figures(self, number: int) -> Iterator[Figures]:
        yield self._of_campaign[number]
        yield self._of_kind[self._campaigns[number].kind]
        yield self._total
