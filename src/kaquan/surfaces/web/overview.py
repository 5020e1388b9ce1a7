"""Everything that the first page shows, read in one go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from kaquan.foundation.configuration import current_configuration

CAMPAIGNS_SHOWN = 12
EVENTS_SHOWN = 10
DAYS_SHOWN = 14


@dataclass(frozen=True, slots=True)
class Tally:
    """What happened within a day, or ever."""

    issued: int = 0
    redeemed: int = 0
    reversed: int = 0
    discount_fen: int = 0


@dataclass(frozen=True, slots=True)
class CampaignLine:
    """A campaign and how far its vouchers have come; ``state``: coming, running or over."""

    name: str
    kind: str
    state: str
    minted: int
    issued: int
    redeemed: int
    discount_fen: int

    @property
    def issued_percent(self) -> int:
        """Of those minted, how many were issued."""
        return self.issued * 100 // self.minted if self.minted else 0

    @property
    def redeemed_percent(self) -> int:
        """Of those minted, how many were redeemed."""
        return self.redeemed * 100 // self.minted if self.minted else 0


@dataclass(frozen=True, slots=True)
class EventLine:
    """Something that happened just now; nobody is named."""

    when: str
    operation: str
    words: str
    what: str
    where: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class ProofLine:
    """The last proof of the ledger."""

    at: datetime
    ok: bool
    blocks: int
    entries: int
    head: str
    fault: str


@dataclass(frozen=True, slots=True)
class Overview:
    """The first page's figures at one moment."""

    today: Tally
    yesterday: Tally
    days: list[tuple[date, int, int]]
    campaigns: list[CampaignLine]
    events: list[EventLine]
    proof: ProofLine | None


def local_time(at: datetime) -> str:
    """A moment of today on the issuer's clock."""
    return at.astimezone(current_configuration().time_zone).strftime("%H:%M:%S")


def read_overview(now: datetime) -> Overview:
    """The figures as the counters know them; raises what the database raises."""
    raise NotImplementedError
