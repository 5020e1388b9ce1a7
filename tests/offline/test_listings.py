"""How tills stand without a network is told within one's part."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from kaquan.foundation import clock
from kaquan.foundation.paging import Paging
from kaquan.ledger.door import close_door
from kaquan.offline import queries
from kaquan.organisations.models import Store
from kaquan.terminals.registering import unregister_device
from tests.builders.issuer import NOON, SYSTEM
from tests.fixtures_database import Database
from tests.offline.till import a_till, signed
from tests.redemption.counter import a_counter

EVENING = NOON + timedelta(hours=6)


@pytest.fixture(autouse=True)
def _own_door(database: Database) -> Iterator[None]:
    yield
    close_door()


def test_bounds_devices_and_conflicts_are_those_of_ones_part() -> None:
    counter = a_counter(offline_use=True)
    store = Store.objects.select_related("organisation").get(pk=counter.store_id)
    till, other = (a_till(store, NOON, total_fen=6_000) for _ in range(2))
    counter.redeem(0)
    till.take(signed(counter, 0), NOON + timedelta(hours=1), honest=False)
    till.hand_in(EVENING)

    told = queries.standing(counter.clerk, EVENING)
    assert (told.bound_fen, told.devices) == (10_000, 2)
    assert (told.lost_fen, told.conflicts) == (2_000, 1)
    (bound,) = queries.store_bounds(counter.clerk)
    assert (bound.code, bound.devices, bound.bound_fen) == (counter.store_code, 2, 10_000)
    by_device = {
        one.journal.device_id: one for one in queries.device_standings(counter.clerk, EVENING)
    }
    assert by_device[till.device.pk].lost_fen == 2_000
    assert by_device[other.device.pk].bound_fen == 6_000
    (conflict,) = queries.conflict_page(counter.clerk, None, Paging()).rows
    assert (conflict.verdict, conflict.reason) == ("loss", "voucher_used")

    told = queries.terminal_standing(counter.clerk, till.device.terminal_id, EVENING)
    assert told.device == by_device[till.device.pk]
    assert told.device.ends_at == NOON + timedelta(hours=24, seconds=2)
    till.take(signed(counter, 1), EVENING)
    till.renew(EVENING)
    unregister_device(actor=SYSTEM, terminal_id=till.device.terminal_id, at=EVENING)
    told = queries.terminal_standing(counter.clerk, till.device.terminal_id, EVENING)
    assert told == (None, 1)

    stranger = counter.stranger
    assert queries.terminal_standing(stranger, till.device.terminal_id, EVENING) == (None, 0)
    assert queries.standing(stranger, clock.now()) == queries.Standing(0, 0, 0, 0, 0, 0)
    assert not queries.store_bounds(stranger)
    assert not queries.device_standings(stranger, EVENING)
    assert not queries.fault_rows(stranger)
    assert not queries.conflict_page(stranger, None, Paging()).rows
