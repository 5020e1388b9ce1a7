"""The client for ordinary, synchronous code."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from functools import update_wrapper
from types import TracebackType
from typing import Any, Generic, ParamSpec, Self, TypeVar, Unpack

import httpx

from kaquan_client import requests
from kaquan_client.connecting import Connecting, Intake, Settings, failure_of, tls
from kaquan_client.events import Event
from kaquan_client.requests import Call, Parameter
from kaquan_client.retrying import Answer, Failure, Step

P = ParamSpec("P")
T = TypeVar("T")


class _Sent(Generic[P, T]):
    """A method that makes a call of its arguments and sends it."""

    def __init__(self, build: Callable[P, Call[T]]) -> None:
        self._build = build

    def __get__(self, client: Client | None, _owner: type[Client]) -> Callable[P, T]:
        build = self._build

        def send(*arguments: P.args, **named: P.kwargs) -> T:
            assert client is not None
            return client.send(build(*arguments, **named))

        return update_wrapper(send, build)


class Client:
    """Calls a Kaquan server; keeps connections open, so keep it, and close it at the end.

    Every call is tried again where that may help and cannot harm; a change keeps its
    Idempotency-Key over all tries. Raises `Refused`, `Unknown`, `Unreachable`.
    """

    validate = _Sent(requests.validate)
    look_up = _Sent(requests.look_up)
    claim = _Sent(requests.claim)
    redeem = _Sent(requests.redeem)
    reverse = _Sent(requests.reverse)
    hold = _Sent(requests.hold)
    redeem_hold = _Sent(requests.redeem_hold)
    release_hold = _Sent(requests.release_hold)
    submit = _Sent(requests.submit)
    read_events = _Sent(requests.read_events)

    new_key = staticmethod(requests.new_key)

    def __init__(
        self,
        url: str,
        api_key: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        **settings: Unpack[Settings],
    ) -> None:
        """``settings`` are those of `Connecting`, such as ``patience`` and ``timeouts``."""
        self._connecting = Connecting(url=url, api_key=api_key, **settings)
        self._sleep = sleep
        self._http = httpx.Client(
            headers=self._connecting.common_headers(), verify=tls(), follow_redirects=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def send(self, call: Call[T]) -> T:
        """Send a call and wait for its answer."""
        conversation = self._connecting.conversation(call)
        step: Step = next(conversation)
        while True:
            if step.wait_s:
                self._sleep(step.wait_s)
            try:
                step = conversation.send(self._attempt(call, step))
            except StopIteration as ended:
                answer: T = ended.value
                return answer

    def get(
        self, path: str, answer: type[T], parameters: Mapping[str, Parameter] | None = None
    ) -> T:
        """Read something of the management API, such as ``/customers/M0001``."""
        return self.send(requests.request("GET", path, answer=answer, parameters=parameters))

    def post(self, path: str, body: object, answer: type[T], *, key: str | None = None) -> T:
        """Change something of the management API."""
        return self.send(requests.request("POST", path, answer=answer, body=body, key=key))

    def put(self, path: str, body: object, answer: type[T], *, key: str | None = None) -> T:
        """Set something of the management API."""
        return self.send(requests.request("PUT", path, answer=answer, body=body, key=key))

    def patch(self, path: str, body: object, answer: type[T], *, key: str | None = None) -> T:
        """Change some fields of something of the management API."""
        return self.send(requests.request("PATCH", path, answer=answer, body=body, key=key))

    def delete(self, path: str, answer: type[T], *, key: str | None = None) -> T:
        """Remove something of the management API."""
        return self.send(requests.request("DELETE", path, answer=answer, key=key))

    def list_all(
        self,
        path: str,
        answer: type[T],
        parameters: Mapping[str, Parameter] | None = None,
        *,
        page_size: int = 100,
    ) -> Iterator[T]:
        """Every item of a list, page by page as they are asked for."""
        cursor: str | None = None
        while True:
            page = self.send(
                requests.page(path, answer, parameters=parameters, cursor=cursor, limit=page_size)
            )
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def watch(
        self, after: str = "", parameters: Mapping[str, Parameter] | None = None
    ) -> Iterator[Event]:
        """Events as they happen, from the position ``after`` (empty: from now on), without end.

        ``parameters`` are those of `read_events`. A broken stream is taken up again where it was;
        raises `Refused`, or `Unreachable` when that fails too often in a row.
        """
        watching = self._connecting.watching(after)
        while True:
            arguments = self._connecting.stream_arguments(parameters or {}, watching)
            try:
                with self._http.stream(**arguments) as response:
                    if response.status_code == 200:
                        for part in response.iter_bytes():
                            yield from watching.events(part)
                        wait_s = watching.ended()
                    else:
                        wait_s = watching.refused(self._taken(response, Step(0, 10)))
            except (httpx.TransportError, httpx.DecodingError) as error:
                wait_s = watching.broken(failure_of(error))
            self._sleep(wait_s)

    def _attempt(self, call: Call[Any], step: Step) -> Answer | Failure:
        try:
            with self._http.stream(**self._connecting.arguments(call, step)) as response:
                return self._taken(response, step)
        except (httpx.TransportError, httpx.DecodingError) as error:
            return failure_of(error)

    def _taken(self, response: httpx.Response, step: Step) -> Answer:
        intake = Intake(self._connecting, step)
        for part in response.iter_bytes():
            intake.take(part)
        return intake.answer(response)
