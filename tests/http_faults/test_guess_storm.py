"""Guesses from a thousand addresses: no hit, nothing learnt, told of at once, no till stopped."""

from __future__ import annotations

import sys
import time
from itertools import islice

from tests.builders.books import number, row
from tests.fixtures_cluster import OwnCluster
from tests.http_faults.issuer import Issuer
from tests.http_faults.servers import ServerProcess
from tests.http_faults.storm import ADDRESSES, FORGED, Counters, Storm
from tests.waiting import soon

GUESSES = 3_000
BEFORE = 150
STORMS = "SELECT count(*) FROM access_event WHERE kind = %s"


def test_guesses_from_a_thousand_addresses_hit_nothing_learn_nothing_and_stop_no_till(
    cluster: OwnCluster, server: ServerProcess, issuer: Issuer
) -> None:
    codes = reversed(issuer.singles)  # others take them from the other end
    calm = Counters(server.port, issuer, [*islice(codes, BEFORE)]).start()
    calm.wait()
    tills = Counters(server.port, issuer, [*islice(codes, 300)]).start()
    began_s = time.monotonic()
    storm = Storm(server.port, issuer, GUESSES).start()
    with cluster.connect() as connection:
        assert soon(lambda: number(connection, STORMS, "guess_storm") == 1)
        warned_s = time.monotonic() - began_s
        storm.wait()
        took_s = time.monotonic() - began_s
        tills.stop()
        assert soon(lambda: number(connection, STORMS, "key_storm") == 1)
        event = row(connection, "SELECT * FROM access_event WHERE kind = 'guess_storm'")
    sys.stdout.write(
        f"{GUESSES / took_s:,.0f} guesses/s; told of after {warned_s:.1f} s; tills' p99"
        f" {calm.p99_ms:.1f} ms before, {tills.p99_ms:.1f} ms meanwhile\n"
    )

    assert storm.hits == 0
    # One answer to whatever is no good, and one to whoever has tried too often.
    assert storm.differing() == []
    statuses = {
        door: sorted(status for status, _ in storm.told[door, FORGED])
        for door in ("lookups", "redemptions", "redemptions by nobody")
    }
    assert statuses == {
        "lookups": [404, 429],
        "redemptions": [403],
        "redemptions by nobody": [401],
    }
    assert set(tills.statuses) == set(calm.statuses) == {200}
    assert len(tills.took_s) > 20
    assert event["sources"] > len(ADDRESSES) // 10
    assert warned_s < 60
