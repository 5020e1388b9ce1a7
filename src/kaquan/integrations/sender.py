"""Sends what the outbox wrote: in order for each voucher, side by side for different ones.

A delivery is claimed by counting the attempt and putting the next one off by ``LEASE_S``: whoever
dies meanwhile leaves it to be claimed again. So a receiver may get an event twice, never not at
all, and knows it by its ``webhook-id``. One thread asks and writes the database; a pool only sends.
"""

from __future__ import annotations

import queue
import random
import ssl
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime

from django.db import connections
from msgspec import Struct

from kaquan.foundation import clock
from kaquan.foundation.errors import KaquanError
from kaquan.integrations.claims import (
    ROWS_AT_ONCE,
    Claim,
    claim_due,
    give_back,
    record_results,
    remove_old,
)
from kaquan.integrations.retries import PROBING_FROM
from kaquan.integrations.sending import Reply, post, tls_context
from kaquan.integrations.signatures import sealed_body, signature_headers
from kaquan.integrations.targets import (
    Networks,
    Resolve,
    allowed_addresses,
    fault_of,
    parse_target,
    resolve_name,
)
from kaquan.integrations.telling import without_customers

AT_ONCE_MAX = 32
AT_ONCE_MAX_PER_ENDPOINT = 8
#: At ten seconds each they are sent well within their lease.
HELD_MAX_PER_ENDPOINT = 32
CLAIM_EVERY_S = 0.05
IDLE_S = 0.2
CLEAN_EVERY_S = 600
LAST_WORDS_S = 3.0

Now = Callable[[], datetime]


class Sent(Struct, frozen=True):
    """A claimed delivery with what came of the attempt."""

    claim: Claim
    at: datetime
    reply: Reply


class Sender:
    """Sends deliveries of every webhook; several processes may run one each."""

    def __init__(
        self,
        *,
        private: Networks,
        now: Now = clock.now,
        resolve: Resolve = resolve_name,
        context: ssl.SSLContext | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._private = private
        self._now = now
        self._resolve = resolve
        self._context = context or tls_context()
        self._jitter = jitter
        self._pool = ThreadPoolExecutor(AT_ONCE_MAX, thread_name_prefix="kaquan-webhook")
        self._sent: queue.SimpleQueue[Sent] = queue.SimpleQueue()
        self._in_flight: Counter[int] = Counter()
        self._waiting: defaultdict[int, deque[Claim]] = defaultdict(deque)
        self._claimed_s = float("-inf")
        self._cleaned_s = clock.monotonic_s()

    def run(self, stop: threading.Event) -> None:
        """Send as deliveries come due, until told to stop."""
        while not stop.is_set():
            self._start_due()
            if self._held():
                self._finish_some(wait_s=IDLE_S)
            else:
                stop.wait(IDLE_S)
            if clock.monotonic_s() - self._cleaned_s >= CLEAN_EVERY_S:
                self._cleaned_s = clock.monotonic_s()
                while remove_old(now=self._now()) == ROWS_AT_ONCE and not stop.is_set():
                    pass
        self._end_in_order()

    def send_due(self) -> int:
        """Send everything that is due now, and what may follow it; returns how many attempts."""
        attempts = 0
        while self._start_due() or self._held():
            attempts += self._finish_some(wait_s=None)
        return attempts

    def close(self) -> None:
        """Let go; what is under way is claimed again by the next one unless it ends in time."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        connections.close_all()

    def _end_in_order(self) -> None:
        """Leave nothing behind that would have to wait for the end of its lease."""
        for endpoint_id in list(self._waiting):
            self._give_back(endpoint_id)
        deadline_s = clock.monotonic_s() + LAST_WORDS_S
        while self._in_flight.total() and clock.monotonic_s() < deadline_s:
            self._finish_some(wait_s=IDLE_S)

    def _start_due(self) -> int:
        """Claim what is due, if it is time to, and send as much as may go side by side; returns how
        many attempts were begun."""
        now_s = clock.monotonic_s()
        if not self._held() or now_s - self._claimed_s >= CLAIM_EVERY_S:
            self._claimed_s = now_s
            for claim in claim_due(now=self._now(), slots=self._slots):
                self._waiting[claim.endpoint_id].append(claim)
        begun = 0
        for endpoint_id, waiting in self._waiting.items():
            while (
                waiting
                and self._in_flight[endpoint_id] < AT_ONCE_MAX_PER_ENDPOINT
                and self._in_flight.total() < AT_ONCE_MAX
            ):
                self._in_flight[endpoint_id] += 1
                self._pool.submit(self._send, waiting.popleft())
                begun += 1
        return begun

    def _held(self) -> int:
        return self._in_flight.total() + sum(map(len, self._waiting.values()))

    def _slots(self, endpoint_id: int, failures: int) -> int:
        held = self._in_flight[endpoint_id] + len(self._waiting[endpoint_id])
        if failures >= PROBING_FROM:
            return 1 - min(held, 1)
        return HELD_MAX_PER_ENDPOINT - held if held <= HELD_MAX_PER_ENDPOINT // 2 else 0

    def _finish_some(self, *, wait_s: float | None) -> int:
        """Record what has ended, after waiting for a first one; how many ended."""
        ended: list[Sent] = []
        with suppress(queue.Empty):
            ended.append(self._sent.get(timeout=wait_s))
            while True:
                ended.append(self._sent.get_nowait())
        if not ended:
            return 0
        for one in ended:
            self._in_flight[one.claim.endpoint_id] -= 1
        record_results(
            [(one.claim, one.at, one.reply) for one in ended],
            now=self._now(),
            jitter=self._jitter,
        )
        taken = {one.claim.endpoint_id for one in ended if one.reply.delivered}
        for endpoint_id in {one.claim.endpoint_id for one in ended} - taken:
            self._give_back(endpoint_id)
        return len(ended)

    def _give_back(self, endpoint_id: int) -> None:
        """Where an attempt failed, the others wait for their turn rather than fail with it."""
        waiting = self._waiting[endpoint_id]
        give_back(list(waiting), now=self._now())
        waiting.clear()

    def _send(self, claim: Claim) -> None:
        """One attempt, in a thread of the pool; whatever happens, it ends with a result."""
        at = self._now()
        try:
            reply = self._attempt(claim, at)
        except KaquanError as error:
            reply = Reply(None, fault_of(error))
        except Exception as error:  # the delivery must not stay under way for ever
            reply = Reply(None, f"not sent: {type(error).__name__}")
        self._sent.put(Sent(claim, at, reply))

    def _attempt(self, claim: Claim, at: datetime) -> Reply:
        target = parse_target(claim.url)
        addresses = allowed_addresses(target, resolve=self._resolve, private=self._private)
        timestamp_s = int(at.timestamp())
        body = claim.body.encode()
        if not claim.names_customers:  # it may have been written for another address
            body = without_customers(body)
        if claim.encrypt_body:
            body = sealed_body(
                event_id=claim.event_id,
                timestamp_s=timestamp_s,
                body=body,
                secret=claim.secrets_newest_first[-1],
            )
        headers = signature_headers(
            event_id=claim.event_id,
            timestamp_s=timestamp_s,
            body=body,
            secrets_newest_first=claim.secrets_newest_first,
        )
        return post(
            target,
            addresses,
            headers=headers,
            body=body,
            private=self._private,
            context=self._context,
        )
