"""A made-up national chain to look at: 晴禾, with stores, members, campaigns and weeks of use.

Everything is made by the same importers, actions and commands that an issuer uses, with back-dated
times and request keys of its own. So an interrupted load goes on where it stopped, and loading it
again changes nothing. The chain's first day lies some weeks before the day of its first load; from
then on its campaigns remember it.
"""

from __future__ import annotations

from msgspec import Struct

from kaquan.foundation import clock
from kaquan.foundation.imports import Progress, no_progress
from kaquan.surfaces.demo.chain_goods import PRODUCTS
from kaquan.surfaces.demo.chain_offers import PLANS
from kaquan.surfaces.demo.chain_people import MEMBERS
from kaquan.surfaces.demo.chain_places import STORES
from kaquan.surfaces.demo.chain_setup import SEED, WEEKS, set_up
from kaquan.surfaces.demo.chain_weeks import Weeks, is_complete
from kaquan.surfaces.demo.claim_pages import demo_links


class DemoReport(Struct):
    """The chain's size, and what this run sent: commands by their answer, orders, seconds.

    Where the chain was there already, nothing was sent.
    """

    stores: int
    members: int
    products: int
    campaigns: int
    weeks: int
    answers: dict[str, int]
    orders: int
    seconds: int


def load_national_chain(*, progress: Progress = no_progress) -> DemoReport:
    """Load the chain where it is missing, with its first weeks; raises `demo_interrupted`."""
    started_s = clock.monotonic_s()
    answers: dict[str, int] = {}
    orders = 0
    if not is_complete():
        weeks = Weeks(set_up(progress), seed=SEED)
        weeks.run(WEEKS * 7, progress)
        answers, orders = dict(weeks.booking.answers), weeks.booking.orders
    demo_links()
    return DemoReport(
        stores=STORES,
        members=MEMBERS,
        products=len(PRODUCTS),
        campaigns=PLANS,
        weeks=WEEKS,
        answers=answers,
        orders=orders,
        seconds=round(clock.monotonic_s() - started_s),
    )
