"""The event feed: taken up again where it broke, nothing missed and nothing twice."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaquan_client import Patience, Refused, Unreachable
from kaquan_client.watching import Message, MessageReader
from tests.client.conftest import Driven
from tests.client.scripted import Drop, Reply, Script, problem

STREAM = (("content-type", "text/event-stream"),)


def event(number: int) -> dict[str, object]:
    """An event's document."""
    return {
        "id": f"65537-{number}-0",
        "type": "voucher.redeemed",
        "at": "2026-11-27T04:00:00Z",
        "booked_at": "2026-11-27T04:00:01Z",
        "store": "S001",
        "serial": 17,
        "version": number,
        "data": {"discount_fen": 2_000, "text": "两\u2028行"},
    }


def stream(*numbers: int, broken: bool = False) -> Reply:
    """A stream with these events; then it ends, or breaks."""
    text = "retry: 500\n\n: ping\n\n" + "".join(
        f"id: p{number}\nevent: voucher.redeemed\n"
        f"data: {json.dumps(event(number), ensure_ascii=False)}\n\n"
        for number in numbers
    )
    body = text.encode()
    return Reply(200, body, STREAM, length=len(body) + 9 if broken else None)


def test_a_broken_stream_goes_on_after_the_last_event(client: Driven, script: Script) -> None:
    script.will(stream(1, 2, broken=True), Drop(), stream(3), stream(), stream(4))

    events = client.take(4, "watch", "p0", {"type": ["voucher.redeemed"]})

    assert [one.version for one in events] == [1, 2, 3, 4]
    assert [one.position for one in events] == ["p1", "p2", "p3", "p4"]
    asked = [one.headers.get("last-event-id") for one in script.asked]
    assert asked == ["p0", "p2", "p2", "p3", "p3"]
    assert {one.path for one in script.asked} == {"/api/v1/events?type=voucher.redeemed"}
    assert events[0].data["text"] == "两\u2028行"


def test_a_position_without_an_event_counts_too(client: Driven, script: Script) -> None:
    script.will(Reply(200, b": ping\nid: p9\n\n", STREAM), stream(1))

    assert len(client.take(1, "watch", "p0")) == 1

    assert script.asked[1].headers["last-event-id"] == "p9"


def test_the_server_says_how_long_to_wait_before_the_next_connection(
    client: Driven, script: Script
) -> None:
    script.will(stream(1), stream(2))

    client.take(2, "watch")

    assert client.time.waits_s == [pytest.approx(0.6)]
    assert "last-event-id" not in script.asked[0].headers


def test_a_watch_is_given_up_after_failing_often_in_a_row(client: Driven, script: Script) -> None:
    client.settings["patience"] = Patience(tries_max=3)
    script.will(Drop(), stream(1), stream(), stream(), stream(), Drop(), Drop())

    with pytest.raises(Unreachable):
        client.take(2, "watch")

    assert len(script.asked) == 7


def test_a_busy_server_is_asked_again_and_a_refusal_ends_the_watch(
    client: Driven, script: Script
) -> None:
    script.will(problem(503, "busy"), problem(403, "permission_denied"))

    with pytest.raises(Refused) as refused:
        client.take(1, "watch")

    assert refused.value.code == "permission_denied"
    assert len(script.asked) == 2


def test_what_is_no_event_ends_the_watch_in_words(client: Driven, script: Script) -> None:
    script.will(Reply(200, b"data: <html>\n\n", STREAM))

    with pytest.raises(Unreachable, match="not an event"):
        client.take(1, "watch")


LINES = st.lists(
    st.sampled_from(["data: a", "data:b", "data", "id: 7", "id: 8\0", "event: e", ": ping", "", ""])
    | st.text(st.characters(exclude_characters="\r\n"), max_size=8),
    max_size=12,
)


@given(lines=LINES, end=st.sampled_from(["\n", "\r\n", "\r"]), cuts=st.data())
def test_it_does_not_matter_where_a_stream_is_cut(
    lines: list[str], end: str, cuts: st.DataObject
) -> None:
    stream = "".join(line + end for line in (*lines, "", "x")).encode("utf-8", "replace")
    whole = list(MessageReader().feed(stream))
    places = sorted(cuts.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    reader = MessageReader()
    parts = [
        stream[begin:stop] for begin, stop in zip([0, *places], [*places, len(stream)], strict=True)
    ]

    assert [message for part in parts for message in reader.feed(part)] == whole


def test_messages_are_read_as_the_html_standard_says() -> None:
    reader = MessageReader()

    messages = list(
        reader.feed(
            b"data: YHOO\ndata: +2\ndata: 10\n\n: stream\n\ndata: first\nid: 1\n\n"
            b"data:second\nid\n\ndata:  third\n\ndata\n\nretry: 250\ndata: lost"
        )
    )

    assert messages == [
        Message("", "message", "YHOO\n+2\n10"),
        Message("1", "message", "first"),
        Message("", "message", "second"),
        Message("", "message", " third"),
        Message("", "message", ""),
    ]
    assert reader.retry_s == pytest.approx(0.25)
