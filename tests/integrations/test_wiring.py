"""What runs beside the web server really sends: from a booking to a receiver, by itself."""

from __future__ import annotations

import dataclasses
import queue
import threading
from collections.abc import Callable

from kaquan.foundation import clock
from kaquan.integrations.models import WebhookEndpoint
from kaquan.ledger.door import Door
from kaquan.wiring import consumers
from tests.builders.ledger import a_batch, done, redeem
from tests.fixtures_database import Database
from tests.integrations.posting import states
from tests.integrations.receiver import LOOPBACK, Received, Receiver


def test_a_booking_arrives_while_the_consumers_run(
    database: Database,
    door: Door,
    receiver: Receiver,
    webhook: Callable[..., WebhookEndpoint],
) -> None:
    batch = a_batch(door)
    webhook(at=clock.now())
    arrived: queue.SimpleQueue[str] = queue.SimpleQueue()

    def note(one: Received) -> int:
        arrived.put(one.document["type"])
        return 200

    receiver.answers = note
    allowed = dataclasses.replace(database.configuration, webhook_private_targets=LOOPBACK)
    stop = threading.Event()
    threads = [
        threading.Thread(target=consumer.run, args=(stop,)) for consumer in consumers(allowed)
    ]
    for thread in threads:
        thread.start()
    try:
        done(door, redeem(batch.serial()))
        assert arrived.get(timeout=20) == "voucher.redeemed"
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert states() == {"delivered": 1}
