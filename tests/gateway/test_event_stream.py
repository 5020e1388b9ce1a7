"""The event stream of a real server: within a second, resumed exactly, ended with its key."""

from __future__ import annotations

import http.client
import json
from typing import Any

from kaquan.access.actions import revoke_key
from kaquan.access.models import ApiKey
from kaquan.foundation import clock
from tests.builders.issuer import SYSTEM
from tests.gateway.site import BASE, Caller, Site, code_of

LATE_S_MAX = 3.0  # it is one by design; other work shares this machine


class Stream:
    """Server-sent events as a browser reads them."""

    def __init__(self, caller: Caller, last_event_id: str = "", **query: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", caller.port, timeout=20)
        headers = {"Authorization": f"Bearer {caller.api_key}", "Accept": "text/event-stream"}
        if last_event_id:
            headers["Last-Event-ID"] = last_event_id
        told = "&".join(f"{name}={value}" for name, value in query.items())
        self._connection.request("GET", f"{BASE}events?{told}", None, headers)
        self._response = self._connection.getresponse()
        assert self._response.status == 200, self._response.read()
        assert self._response.readline() == b"retry: 3000\n"
        if not last_event_id:  # from now on; and now is told
            while not self._response.readline().startswith(b"id: "):
                pass

    def next(self) -> tuple[str, dict[str, Any]] | None:
        """The next event with its id; None at the stream's end."""
        fields: dict[str, str] = {}
        while line := self._response.readline().decode():
            name, _, value = line.rstrip("\n").partition(": ")
            if name and value:
                fields[name] = value
            elif "data" in fields:
                return fields["id"], json.loads(fields["data"])
        return None

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def test_a_redemption_reaches_a_watcher_at_once_and_a_returning_one_misses_nothing(
    site: Site, till: Caller
) -> None:
    batch = site.batch()
    watcher = site.caller("events.view")
    query = {"types": "voucher.redeemed", "store": site.store}
    stream = Stream(watcher, **query)
    sent_s = clock.monotonic_s()
    assert till.post("redemptions", site.redeem(code_of(batch))).status == 200
    first = stream.next()
    assert first is not None
    assert clock.monotonic_s() - sent_s < LATE_S_MAX
    assert (first[1]["serial"], first[1]["store"]) == (batch.serial(), site.store)
    stream.close()

    for index in (1, 2):
        assert till.post("redemptions", site.redeem(code_of(batch, index))).status == 200
    again = Stream(watcher, first[0], **query)
    missed = [again.next(), again.next()]
    again.close()
    assert [one[1]["serial"] for one in missed if one] == [batch.serial(1), batch.serial(2)]


def test_a_watcher_of_another_part_sees_nothing_of_it(site: Site, till: Caller) -> None:
    batch = site.batch()
    stranger = site.caller("events.view", organisation=site.elsewhere)
    stream = Stream(stranger, types="voucher.redeemed")
    assert till.post("redemptions", site.redeem(code_of(batch))).status == 200
    there = site.redeem(code_of(batch, 1)) | {"store": site.far_store}
    assert till.post("redemptions", there).status == 200
    told = stream.next()
    stream.close()
    assert told is not None
    assert (told[1]["store"], told[1]["serial"]) == (site.far_store, batch.serial(1))


def test_a_stream_ends_soon_after_its_key(site: Site) -> None:
    watcher = site.caller("events.view")
    stream = Stream(watcher)
    assert watcher.api_key is not None
    key = ApiKey.objects.get(public_id=watcher.api_key.split("_")[2])
    revoked_s = clock.monotonic_s()
    revoke_key(actor=SYSTEM, key_id=key.id, at=clock.now())
    assert stream.next() is None
    assert clock.monotonic_s() - revoked_s < 2 * LATE_S_MAX
    stream.close()
