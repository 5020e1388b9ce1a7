"""The map of serials that the writers of one process share."""

import threading
from typing import Any

import psycopg

from kaquan.ledger.catalogue import Catalogue
from kaquan.ledger.door import Door
from tests.builders.ledger import a_batch

Connection = psycopg.Connection[Any]
WITHIN_S = 20.0


class HeldUp:
    """A session that waits in the middle of a reload until it is let go."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.reached, self.go_on = threading.Event(), threading.Event()

    def execute(self, *arguments: Any) -> Any:
        """Wait before the first statement."""
        self.reached.set()
        assert self.go_on.wait(WITHIN_S)
        return self._connection.execute(*arguments)


def test_what_one_writer_learns_is_not_lost_when_another_learns_something_at_the_same_time(
    door: Door, connection: Connection
) -> None:
    first, second = a_batch(door), a_batch(door)
    catalogue = Catalogue()
    slow = HeldUp(connection)
    reload = threading.Thread(target=catalogue.reload, args=(slow, [first.batch_id]))
    reload.start()
    assert slow.reached.wait(WITHIN_S)
    catalogue.reload(door._connection.raw, [second.batch_id])
    slow.go_on.set()
    reload.join(WITHIN_S)
    for batch in (first, second):
        run = catalogue.run_of(batch.serial(5))
        assert run is not None
        assert run.batch_id == batch.batch_id
        assert not catalogue.is_stale(batch.batch_id, 1)
