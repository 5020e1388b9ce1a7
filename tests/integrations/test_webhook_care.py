"""Looking after webhooks: secrets, scopes, sending again; and what a refusal leaves alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from kaquan.customers.actions import create_customer
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.integrations import actions, claims, queries
from kaquan.integrations.models import (
    DeliveryState,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookSecret,
)
from kaquan.integrations.sending import Reply
from kaquan.ledger.door import Door
from kaquan_client.webhooks import verify
from tests.builders.issuer import SYSTEM, a_number, an_organisation, staff_of
from tests.builders.ledger import a_batch, a_claimed_voucher, done, redeem
from tests.integrations.posting import LONG_AGO, Clock, Post, states
from tests.integrations.receiver import Receiver, is_signed
from tests.redemption.till import a_till

Webhook = Callable[..., WebhookEndpoint]


def secrets(endpoint: WebhookEndpoint, clock: Clock) -> list[str]:
    """The secrets of a webhook that are good now, the newest first."""
    return [one.secret for one in queries.secrets_of(SYSTEM, endpoint.id, now=clock())]


def test_while_a_secret_is_replaced_deliveries_carry_both_signatures(
    post: Post, receiver: Receiver, webhook: Webhook, clock: Clock
) -> None:
    endpoint = webhook()
    (old,) = secrets(endpoint, clock)
    actions.rotate_secret(actor=SYSTEM, endpoint_id=endpoint.id, overlap_hours=24, at=clock())
    new, kept = secrets(endpoint, clock)
    assert kept == old != new
    actions.send_test_event(actor=SYSTEM, endpoint_id=endpoint.id, at=clock())
    post.sender().send_due()
    clock.move(hours=24)
    assert secrets(endpoint, clock) == [new]
    actions.send_test_event(actor=SYSTEM, endpoint_id=endpoint.id, at=clock())
    post.sender().send_due()
    both, one = receiver.received
    assert is_signed(both, new, index=0)
    assert is_signed(both, old, index=1)
    assert one.headers["webhook-signature"].count("v1,") == 1
    assert is_signed(one, new)


def test_sealed_bodies_open_with_the_old_secret_until_it_ends(
    door: Door, post: Post, receiver: Receiver, webhook: Webhook, clock: Clock
) -> None:
    endpoint = webhook(encrypt_body=True, event_types=["voucher.redeemed"])
    batch = a_batch(door)
    done(door, redeem(batch.serial()))
    (old,) = secrets(endpoint, clock)
    actions.rotate_secret(actor=SYSTEM, endpoint_id=endpoint.id, overlap_hours=24, at=clock())
    new, _ = secrets(endpoint, clock)
    post.deliver()
    clock.move(hours=25)
    done(door, redeem(batch.serial(1)))
    post.deliver()
    first, second = receiver.received
    assert b"voucher" not in first.body
    for received, secret in ((first, old), (second, new)):
        sent_s = float(received.headers["webhook-timestamp"])
        event = verify(secret, received.headers, received.body, now_s=lambda at=sent_s: at)
        assert (event.type, event.data["discount_fen"]) == ("voucher.redeemed", 2_000)


def test_what_was_under_way_when_its_webhook_was_removed_is_forgotten_and_the_rest_is_kept(
    webhook: Webhook, clock: Clock
) -> None:
    removed, kept = webhook(), webhook()
    for endpoint in (removed, kept):
        actions.send_test_event(actor=SYSTEM, endpoint_id=endpoint.id, at=clock())
    claimed = claims.claim_due(now=clock(), slots=lambda *_: 5)
    actions.remove_endpoint(actor=SYSTEM, endpoint_id=removed.id)

    claims.record_results(
        [(one, clock(), Reply(status=200, latency_ms=1)) for one in claimed],
        now=clock(),
        jitter=lambda: 0.5,
    )

    assert len(claimed) == 2
    assert states() == {"delivered": 1}
    assert WebhookAttempt.objects.get().delivery.endpoint_id == kept.id


def test_secrets_are_sealed_in_the_database(webhook: Webhook, clock: Clock) -> None:
    endpoint = webhook()
    (secret,) = secrets(endpoint, clock)
    stored = WebhookSecret.objects.extra(select={"raw": "secret"}).values_list("raw", flat=True)
    assert secret.encode() not in bytes(stored[0])


def test_a_webhook_of_one_part_gets_what_happens_there_and_no_more(
    door: Door, post: Post, receiver: Receiver, webhook: Webhook
) -> None:
    ours, theirs = a_till(door), a_till(door)
    actions.create_endpoint(actor=ours.clerk, client_id=1, url=receiver.url, at=LONG_AGO)
    assert ours.redeem().done
    assert theirs.redeem().done
    post.deliver()
    (told,) = receiver.documents
    assert (told["type"], told["store"]) == ("voucher.redeemed", ours.store_code)


def asked_by(actor: Actor, endpoint_id: int) -> list[Callable[[], object]]:
    """Everything that one can ask of a webhook."""
    about = {"actor": actor, "endpoint_id": endpoint_id}
    return [
        lambda: queries.endpoint_by_id(actor, endpoint_id),
        lambda: queries.secrets_of(actor, endpoint_id, now=LONG_AGO),
        lambda: queries.deliveries(actor, endpoint_id),
        lambda: queries.delivery_by_id(actor, endpoint_id, 1),
        lambda: actions.update_endpoint(**about, active=False),
        lambda: actions.rotate_secret(**about, at=LONG_AGO),
        lambda: actions.send_test_event(**about, at=LONG_AGO),
        lambda: actions.resend(**about, delivery_id=1, at=LONG_AGO),
        lambda: actions.resend_dead(**about, since=LONG_AGO, at=LONG_AGO),
        lambda: actions.remove_endpoint(**about),
    ]


def codes_of(asked: list[Callable[[], object]]) -> set[str]:
    """What they were refused with; all must be."""
    found = set()
    for ask in asked:
        with pytest.raises(KaquanError) as caught:
            ask()
        found.add(caught.value.code)
    return found


def test_a_webhook_elsewhere_is_like_none_and_nothing_of_it_moves(
    webhook: Webhook, clock: Clock
) -> None:
    region, elsewhere = an_organisation("华东", None), an_organisation("华南", None)
    endpoint = webhook(organisation_id=region.id)
    before = (secrets(endpoint, clock), endpoint.active)
    stranger = staff_of(elsewhere)
    assert codes_of(asked_by(stranger, endpoint.id)) == {"webhook_unknown"}
    assert codes_of(asked_by(stranger, 10**6)) == {"webhook_unknown"}
    assert queries.endpoints(stranger) == []
    whole = webhook()
    assert codes_of(asked_by(stranger, whole.id)) == {"webhook_unknown"}
    endpoint.refresh_from_db()
    assert (secrets(endpoint, clock), endpoint.active) == before
    assert states() == {}


def test_without_its_permission_nothing_may_be_asked(webhook: Webhook) -> None:
    endpoint = webhook()
    assert codes_of(asked_by(staff_of(None, "events.view"), endpoint.id)) == {"permission_denied"}
    viewer = staff_of(None, "webhooks.view")
    assert [one.id for one in queries.endpoints(viewer)] == [endpoint.id]
    assert codes_of(asked_by(viewer, endpoint.id)[4:]) == {"permission_denied"}
    with pytest.raises(KaquanError):
        queries.secrets_of(viewer, endpoint.id, now=LONG_AGO)


def test_nobody_makes_a_webhook_for_more_than_their_part(receiver: Receiver) -> None:
    region = an_organisation("华东", None)
    city = an_organisation("杭州", region)
    clerk = staff_of(city)
    own = actions.create_endpoint(actor=clerk, client_id=1, url=receiver.url, at=LONG_AGO)
    assert own.organisation_id == city.id
    with pytest.raises(KaquanError) as caught:
        actions.create_endpoint(
            actor=clerk, client_id=1, url=receiver.url, organisation_id=region.id, at=LONG_AGO
        )
    assert caught.value.code == "organisation_unknown"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"url": "http://10.0.0.1/"}, "webhook_target_invalid"),
        ({"url": "https://169.254.169.254/latest"}, "webhook_target_invalid"),
        ({"url": "https://user:x@example.com/"}, "webhook_target_invalid"),
        ({"event_types": ["voucher.eaten"]}, "value_invalid"),
        ({"description": "长" * 201}, "value_invalid"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    webhook: Webhook, fields: dict[str, object], code: str
) -> None:
    endpoint = webhook(description="对账")
    with pytest.raises(KaquanError) as made:
        webhook(**fields)
    with pytest.raises(KaquanError) as changed:
        actions.update_endpoint(actor=SYSTEM, endpoint_id=endpoint.id, **fields)  # type: ignore[arg-type]
    assert made.value.code == changed.value.code == code
    (kept,) = WebhookEndpoint.objects.all()
    assert (kept.url, kept.event_types, kept.description) == (endpoint.url, [], "对账")


def test_a_client_has_only_so_many(webhook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "ENDPOINTS_MAX", 2)
    webhook(), webhook()
    webhook(client_id=2)
    with pytest.raises(KaquanError) as caught:
        webhook()
    assert caught.value.code == "webhook_limit_reached"


def test_one_delivery_can_be_sent_again_under_its_own_id(
    door: Door, post: Post, receiver: Receiver, webhook: Webhook, clock: Clock
) -> None:
    endpoint = webhook(event_types=["batch.minted"])
    a_batch(door)
    post.deliver()
    delivery = WebhookDelivery.objects.get()
    actions.resend(actor=SYSTEM, endpoint_id=endpoint.id, delivery_id=delivery.id, at=clock())
    post.sender().send_due()
    first, second = receiver.received
    assert first.event_id == second.event_id
    assert (states(), WebhookAttempt.objects.count()) == ({"delivered": 1}, 2)


def test_what_was_given_up_since_a_moment_can_be_sent_again(
    door: Door, post: Post, receiver: Receiver, webhook: Webhook, clock: Clock
) -> None:
    endpoint = webhook()
    a_batch(door)
    receiver.answers = lambda _: 500
    post.deliver()
    clock.move(hours=73)
    post.sender().send_due()
    assert states() == {"dead": 3}
    late = clock() + timedelta(seconds=1)
    again = {"actor": SYSTEM, "endpoint_id": endpoint.id, "at": clock()}
    assert actions.resend_dead(**again, since=late) == 0
    receiver.answers = lambda _: 200
    assert actions.resend_dead(**again, since=clock() - timedelta(days=4)) == 3
    post.sender().send_due()
    assert states() == {"delivered": 3}
    dead = queries.deliveries(SYSTEM, endpoint.id, state=DeliveryState.DEAD)
    assert dead == []
    (defined,) = queries.deliveries(SYSTEM, endpoint.id, event_type="batch.defined")
    assert [one.status for one in queries.attempts_of(defined)] == [200, 500, 500]


def test_a_test_event_waits_for_nothing_and_means_nothing(
    post: Post, receiver: Receiver, webhook: Webhook, clock: Clock
) -> None:
    endpoint = webhook(event_types=["voucher.redeemed"])
    actions.send_test_event(actor=SYSTEM, endpoint_id=endpoint.id, at=clock())
    post.sender().send_due()
    (told,) = receiver.documents
    assert (told["type"], told["data"]) == ("webhook.test", {})


def test_a_disabled_webhook_is_sent_nothing_and_says_so(
    door: Door, post: Post, receiver: Receiver, webhook: Webhook, clock: Clock
) -> None:
    endpoint = webhook()
    actions.update_endpoint(actor=SYSTEM, endpoint_id=endpoint.id, active=False)
    a_batch(door)
    assert post.deliver() == 0
    with pytest.raises(KaquanError) as caught:
        actions.send_test_event(actor=SYSTEM, endpoint_id=endpoint.id, at=clock())
    assert (caught.value.code, states()) == ("webhook_inactive", {})


def test_a_removed_webhook_leaves_nothing_behind(
    door: Door, post: Post, receiver: Receiver, webhook: Webhook
) -> None:
    endpoint, other = webhook(), webhook()
    a_batch(door)
    post.deliver()
    assert actions.remove_endpoint(actor=SYSTEM, endpoint_id=endpoint.id).id == endpoint.id
    assert {one.endpoint_id for one in WebhookDelivery.objects.all()} == {other.id}
    assert WebhookAttempt.objects.count() == WebhookDelivery.objects.count() == 3
    assert WebhookSecret.objects.count() == 1


def test_old_deliveries_go_away(
    door: Door, post: Post, receiver: Receiver, webhook: Webhook, clock: Clock
) -> None:
    from kaquan.integrations.claims import remove_old

    webhook()
    a_batch(door)
    post.deliver()
    clock.move(days=6)
    assert remove_old(now=clock()) == 0
    clock.move(days=2)
    assert remove_old(now=clock()) == 3
    assert WebhookAttempt.objects.count() == 0


def test_no_code_and_no_phone_is_in_what_is_sent(
    door: Door, post: Post, receiver: Receiver, webhook: Webhook
) -> None:
    webhook()
    till = a_till(door)
    assert till.redeem(customer_number=till.customer_number).done
    post.deliver()
    told = json.dumps(receiver.documents, ensure_ascii=False)
    assert till.code() not in told
    assert till.customer_number not in told  # of a bearer's voucher nobody is the holder


def test_customers_are_named_only_to_those_who_may_see_them(
    door: Door, post: Post, receiver: Receiver, webhook: Webhook, clock: Clock
) -> None:
    customer = create_customer(actor=SYSTEM, number=a_number("M"))
    uninitiated = staff_of(None, "webhooks.edit", "webhooks.view")
    plain = webhook(actor=uninitiated, event_types=["voucher.claimed"])
    full = webhook(event_types=["voucher.claimed"])
    assert (plain.names_customers, full.names_customers) == (False, True)
    a_claimed_voucher(door, customer_id=customer.id)
    receiver.answers = lambda _: 500
    post.deliver()
    assert {one["customer"] for one in receiver.documents} == {None, customer.number}
    written = {one.endpoint_id: one for one in WebhookDelivery.objects.all()}
    assert customer.number not in written[plain.id].body
    assert customer.number in queries.body_for(SYSTEM, written[full.id])
    assert customer.number not in queries.body_for(uninitiated, written[full.id])
    # Whoever turns the other one to an address of their own gets no more, old deliveries included.
    actions.update_endpoint(actor=uninitiated, endpoint_id=full.id, url=receiver.url)
    receiver.received.clear()
    clock.move(minutes=1)
    post.sender().send_due()
    assert [one["customer"] for one in receiver.documents] == [None, None]
