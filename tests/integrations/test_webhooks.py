"""Webhooks: at least once and in order, whatever fails on the way."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import Any

import psycopg
import pytest

from kaquan.engine.commands import Freeze, Reverse, Unfreeze
from kaquan.foundation import failpoints
from kaquan.integrations import actions
from kaquan.integrations.claims import LEASE_S, claim_due
from kaquan.integrations.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from kaquan.integrations.queries import secrets_of
from kaquan.integrations.retries import GIVE_UP_AFTER
from kaquan.ledger.door import Door
from tests.builders.books import number
from tests.builders.issuer import SYSTEM
from tests.builders.ledger import NOON, a_batch, done, redeem
from tests.fixtures_database import Database
from tests.fixtures_ledger import OpenDoor
from tests.integrations.posting import Clock, Post, states
from tests.integrations.receiver import Received, Receiver, is_signed, receiving

Webhook = Callable[..., WebhookEndpoint]


def a_life(door: Door, serial: int, *, turns: int = 3) -> None:
    """A voucher that much happens to: two events a turn."""
    for _ in range(turns):
        done(door, Freeze(at=NOON, serial=serial, reason="检查"))
        done(door, Unfreeze(at=NOON, serial=serial))


def accepted(receiver: Receiver, refused: set[int]) -> list[dict[str, Any]]:
    """The events that the receiver took, in order."""
    return [one for place, one in enumerate(receiver.documents) if place not in refused]


def test_what_was_booked_arrives_signed(
    door: Door, post: Post, receiver: Receiver, webhook: Webhook
) -> None:
    endpoint = webhook()
    batch = a_batch(door)
    done(door, redeem(batch.serial()))
    post.deliver()
    types = [one["type"] for one in receiver.documents]
    assert sorted(types) == ["batch.defined", "batch.minted", "budget.opened", "voucher.redeemed"]
    (secret,) = secrets_of(SYSTEM, endpoint.id, now=NOON)
    assert all(is_signed(one, secret.secret) for one in receiver.received)
    assert all(one.event_id == one.document["id"] for one in receiver.received)
    assert states() == {"delivered": 4}


def test_only_the_types_that_were_asked_for_arrive(
    door: Door, post: Post, receiver: Receiver, webhook: Webhook
) -> None:
    webhook(event_types=["voucher.redeemed", "voucher.redemption_refused"])
    batch = a_batch(door)
    done(door, redeem(batch.serial()))
    post.deliver()
    assert [one["type"] for one in receiver.documents] == ["voucher.redeemed"]


def test_nothing_from_before_the_webhook_was_made_arrives(
    door: Door, post: Post, receiver: Receiver, webhook: Webhook
) -> None:
    batch = a_batch(door)
    from kaquan.foundation import clock as real_clock

    webhook(at=real_clock.now())
    done(door, redeem(batch.serial()))
    post.deliver()
    assert [one["type"] for one in receiver.documents] == ["voucher.redeemed"]


def test_what_nobody_wants_is_passed_over(
    door: Door, post: Post, connection: psycopg.Connection[Any]
) -> None:
    a_batch(door)
    assert post.outbox().catch_up() == 0
    behind = "SELECT count(*) FROM ledger_lane l WHERE NOT EXISTS (SELECT FROM ledger_cursor c "
    behind += "WHERE c.consumer = 'webhooks' AND c.lane = l.lane AND c.last_block = l.last_block)"
    assert number(connection, behind) == 0


def test_a_vouchers_events_arrive_in_order_whatever_fails(
    new_door: OpenDoor, post: Post, receiver: Receiver, webhook: Webhook, clock: Clock
) -> None:
    webhook()
    doors = [new_door(), new_door()]
    batch = a_batch(doors[0], quantity=6)
    for turn in range(4):
        for serial in batch.serials:
            a_life(doors[turn % 2], serial, turns=1)
    chance, refused = Random(5), set[int]()

    def fail_often(_: Received) -> int:
        if chance.random() < 0.4:
            refused.add(len(receiver.received) - 1)
            return 503
        return 200

    receiver.answers = fail_often
    post.deliver()
    while "pending" in states():
        clock.move(minutes=30)
        post.sender().send_due()
    assert len(refused) > 10
    taken = accepted(receiver, refused)
    for serial in batch.serials:
        assert [one["version"] for one in taken if one["serial"] == serial] == list(range(1, 9))


def test_one_voucher_that_waits_does_not_hold_up_the_others(
    door: Door, post: Post, receiver: Receiver, webhook: Webhook
) -> None:
    webhook(event_types=["voucher.frozen", "voucher.unfrozen"])
    batch = a_batch(door, quantity=3)
    for serial in batch.serials:
        a_life(door, serial, turns=1)
    stuck = batch.serial(0)
    receiver.answers = lambda one: 500 if one.document["serial"] == stuck else 200
    post.deliver()
    of_stuck = [one for one in receiver.documents if one["serial"] == stuck]
    assert [one["version"] for one in of_stuck] == [1]
    assert states() == {"delivered": 4, "pending": 2}


def test_a_crash_before_the_commit_writes_nothing_and_loses_nothing(
    door: Door, post: Post, receiver: Receiver, webhook: Webhook
) -> None:
    webhook()
    a_batch(door)
    failpoints.enable_failpoints("webhooks.before_commit=raise", debug=True)
    try:
        with pytest.raises(failpoints.FailpointReachedError):
            post.outbox().catch_up()
    finally:
        post.close()
        failpoints.enable_failpoints("", debug=False)
    assert states() == {}
    post.deliver()
    assert len({one.event_id for one in receiver.received}) == len(receiver.received) == 3


_FILL_AND_DIE = """
import os
from kaquan.foundation.configuration import load_configuration
from kaquan.foundation.django_setup import setup
setup(load_configuration(os.environ))
from kaquan.integrations.outbox import Outbox
from kaquan.ledger.connections import connect_default
Outbox(connect_default).catch_up()
"""


def test_a_process_killed_between_the_commit_and_the_sending_loses_nothing(
    database: Database, door: Door, post: Post, receiver: Receiver, webhook: Webhook
) -> None:
    webhook()
    a_batch(door)
    environment = database.child_environment(
        KAQUAN_DEBUG="1", KAQUAN_FAILPOINTS="webhooks.after_commit=kill"
    )
    child = subprocess.run([sys.executable, "-c", _FILL_AND_DIE], env=environment, check=False)
    assert child.returncode == -9
    assert receiver.received == []
    post.clock.at += timedelta(days=300)
    post.deliver()
    assert len({one.event_id for one in receiver.received}) == len(receiver.received) == 3


def test_a_sender_that_dies_with_a_claim_leaves_it_to_the_next(
    door: Door, post: Post, receiver: Receiver, webhook: Webhook, clock: Clock
) -> None:
    webhook()
    a_batch(door)
    post.outbox().catch_up()
    claimed = claim_due(now=clock(), slots=lambda *_: 8)
    assert len(claimed) == 2  # the budget's, and the first of the batch's two
    assert post.sender().send_due() == 0
    clock.move(seconds=LEASE_S)
    assert post.sender().send_due() == 3
    assert states() == {"delivered": 3}


def test_tries_grow_rarer_for_72_hours_and_then_end(
    door: Door, post: Post, receiver: Receiver, webhook: Webhook, clock: Clock
) -> None:
    endpoint = webhook(event_types=["batch.minted"])
    a_batch(door)
    receiver.answers = lambda _: 500
    began, tries = clock(), [clock()]
    post.deliver()
    while states() == {"pending": 1}:
        endpoint.refresh_from_db()
        due = WebhookDelivery.objects.get().next_attempt_at
        clock.at = max(due, endpoint.retry_at or due)
        tries.append(clock())
        assert post.sender().send_due() == 1
    assert states() == {"dead": 1}
    assert tries[-1] - began == GIVE_UP_AFTER
    gaps = [later - earlier for earlier, later in pairwise(tries)]
    assert gaps[0] == timedelta(seconds=5)
    assert gaps[:-1] == sorted(gaps[:-1])
    assert gaps[-2] == timedelta(hours=8)
    assert len(receiver.received) == WebhookAttempt.objects.count() == len(tries) == 18
    kept = WebhookDelivery.objects.get()
    assert (kept.last_status, kept.last_error, kept.attempts) == (500, "HTTP 500", 18)


def test_what_waits_behind_a_dead_webhook_is_given_up_with_it(
    door: Door, post: Post, receiver: Receiver, webhook: Webhook, clock: Clock
) -> None:
    webhook()
    batch = a_batch(door)
    a_life(door, batch.serial())
    receiver.answers = lambda _: 500
    post.deliver()
    assert states() == {"pending": 9}
    clock.move(hours=73)
    post.sender().send_due()
    assert states() == {"dead": 9}
    assert len(receiver.received) < 18


def test_a_webhook_that_keeps_failing_is_left_alone_in_between(
    door: Door, post: Post, receiver: Receiver, webhook: Webhook, clock: Clock
) -> None:
    endpoint = webhook()
    batch = a_batch(door, quantity=40)
    done(door, *[redeem(serial) for serial in batch.serials])
    receiver.answers = lambda _: 500
    post.deliver()
    endpoint.refresh_from_db()
    assert 10 <= len(receiver.received) < 20
    assert endpoint.retry_at is not None
    receiver.answers = lambda _: 200
    clock.at = endpoint.retry_at
    post.sender().send_due()
    clock.move(seconds=6)
    post.sender().send_due()
    assert states() == {"delivered": 43}


def test_gone_disables_the_webhook(
    door: Door, post: Post, receiver: Receiver, webhook: Webhook
) -> None:
    endpoint = webhook()
    receiver.answers = lambda _: 410
    batch = a_batch(door)
    post.deliver()
    endpoint.refresh_from_db()
    assert (endpoint.active, endpoint.disabled_reason) == (False, "gone")
    before = len(receiver.received)
    done(door, redeem(batch.serial()))
    assert post.deliver() == 0
    assert len(receiver.received) == before


def test_enabled_again_it_gets_what_waited(
    door: Door, post: Post, receiver: Receiver, webhook: Webhook, clock: Clock
) -> None:
    endpoint = webhook(event_types=["batch.minted"])
    a_batch(door)
    receiver.answers = lambda _: 410
    post.deliver()
    receiver.answers = lambda _: 200
    actions.update_endpoint(actor=SYSTEM, endpoint_id=endpoint.id, active=True)
    clock.move(minutes=1)
    post.sender().send_due()
    assert states() == {"delivered": 1}


def test_a_redirect_is_not_followed(
    door: Door, post: Post, receiver: Receiver, webhook: Webhook
) -> None:
    webhook(event_types=["batch.minted"])
    a_batch(door)
    with receiving() as elsewhere:
        receiver.answers = lambda _: 307
        receiver.headers = {"Location": elsewhere.url}
        post.deliver()
        assert elsewhere.received == []
    kept = WebhookDelivery.objects.get()
    assert (kept.state, kept.last_status) == ("pending", 307)


def test_retry_after_puts_the_next_try_off(
    door: Door, post: Post, receiver: Receiver, webhook: Webhook, clock: Clock
) -> None:
    webhook(event_types=["batch.minted"])
    a_batch(door)
    receiver.answers, receiver.headers = lambda _: 429, {"Retry-After": "600"}
    post.deliver()
    assert WebhookDelivery.objects.get().next_attempt_at == clock() + timedelta(seconds=600)


def test_two_senders_at_once_send_each_event_once(
    door: Door, post: Post, receiver: Receiver, webhook: Webhook
) -> None:
    webhook()
    batch = a_batch(door, quantity=30)
    done(door, *[redeem(serial) for serial in batch.serials])
    post.outbox().catch_up()
    one, other = post.sender(), post.sender()
    while one._start_due() + other._start_due() + one._held() + other._held():
        one._finish_some(wait_s=0.01)
        other._finish_some(wait_s=0.01)
    assert len({one.event_id for one in receiver.received}) == len(receiver.received) == 33


def test_a_sender_that_ends_in_order_leaves_the_rest_to_the_next_at_once(
    door: Door, post: Post, receiver: Receiver, webhook: Webhook
) -> None:
    webhook(event_types=["voucher.redeemed"])
    batch = a_batch(door, quantity=30)
    done(door, *[redeem(serial) for serial in batch.serials])
    post.outbox().catch_up()
    one = post.sender()
    assert one._start_due() < one._held() == 30
    one._end_in_order()
    assert 0 < len(receiver.received) < 30
    post.sender().send_due()
    assert len({one.event_id for one in receiver.received}) == len(receiver.received) == 30


def test_one_outbox_at_a_time_writes_and_another_takes_over(
    door: Door, post: Post, webhook: Webhook
) -> None:
    webhook()
    one, other = post.outbox(), post.outbox()
    assert one.catch_up() == 0
    batch = a_batch(door)
    assert other.catch_up() == 0
    assert one.catch_up() == 3
    one.close()
    done(door, redeem(batch.serial()))
    done(door, Reverse(at=NOON, redemption=_last_place(door, batch.serial(1))))
    assert other.catch_up() == 3
    assert states() == {"pending": 6}


def _last_place(door: Door, serial: int) -> Any:
    return done(door, redeem(serial)).place
