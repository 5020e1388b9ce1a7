"""How an operation is made: its permission, its name, its examples, and one effect per request.

    routes = Routes("stores", zh="门店", en="Stores")

    @routes.post("/stores", permission="organisations.edit", answer=StoreAnswer, status=201,
                 zh="新建门店", en="Create a store", example={"code": "S001", "name": "中山路店"})
    def create_store(request: Request, body: StoreBody) -> StoreAnswer: ...

A view gets checked input and returns its answer; what goes wrong it raises. It holds neither rules
nor SQL: those are in the capability's actions and queries.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Router
from pydantic import BaseModel

from kaquan.access.limits import enter, leave
from kaquan.surfaces.api.description_parts import operation_extra
from kaquan.surfaces.api.entrance import ApiKey, Call, refuse_body, refuse_unknown_parameters
from kaquan.surfaces.api.idempotency import answered_once
from kaquan.surfaces.api.operations import JSON, OPERATIONS, TAGS, Operation
from kaquan.surfaces.api.refusing import CallerRefusedError

View = TypeVar("View", bound=Callable[..., Any])


class Request(HttpRequest):
    """A request that has passed the entrance; ``request.call`` says who calls, ``request.ahead``
    what was found out before the view's transaction (`Operation.ahead`)."""

    call: Call
    ahead: Any


class Routes:
    """The operations of one file, all about one thing."""

    def __init__(self, tag: str, *, zh: str, en: str) -> None:
        self.tag = tag
        TAGS[tag] = f"{zh} · {en}"
        self.router = Router(tags=[tag])

    def get(self, path: str, **facts: Any) -> Callable[[View], View]:
        """An operation that reads; see `Operation` for the facts."""
        return self._operation("GET", path, changes=False, **facts)

    def post(self, path: str, *, changes: bool = True, **facts: Any) -> Callable[[View], View]:
        """An operation that changes something, or with ``changes=False`` one that looks up by
        what must not be in an address, such as a phone number or a code."""
        return self._operation("POST", path, changes=changes, **facts)

    def put(self, path: str, **facts: Any) -> Callable[[View], View]:
        """An operation that sets something."""
        return self._operation("PUT", path, changes=True, **facts)

    def patch(self, path: str, **facts: Any) -> Callable[[View], View]:
        """An operation that changes the fields that are given."""
        return self._operation("PATCH", path, changes=True, **facts)

    def delete(self, path: str, **facts: Any) -> Callable[[View], View]:
        """An operation that ends something."""
        return self._operation("DELETE", path, changes=True, **facts)

    def _operation(self, method: str, path: str, **facts: Any) -> Callable[[View], View]:
        def register(view: View) -> View:
            operation = Operation(
                id=view.__name__, method=method, path=path, tag=self.tag, view=view, **facts
            )
            assert operation.permission, f"{operation.id} needs a permission"
            assert operation.id not in OPERATIONS, f"{operation.id} is the name of two operations"
            OPERATIONS[operation.id] = operation
            self.router.add_api_operation(
                path,
                [method],
                _guarded(operation),
                auth=ApiKey(operation),
                response={operation.status: operation.answer},
                operation_id=operation.id,
                summary=operation.summary,
                description=operation.about or None,
                openapi_extra=operation_extra(operation),
            )
            return view

        return register


def _guarded(operation: Operation) -> Callable[..., HttpResponseBase]:
    """The view as ninja calls it: parameters known, one effect per request, the answer encoded."""

    @functools.wraps(operation.view)
    def view(request: Request, **values: Any) -> HttpResponseBase:
        refuse_unknown_parameters(request, view)
        refuse_body(request, view)

        def work() -> HttpResponseBase:
            return _encoded(operation, operation.view(request, **values))

        refusal = enter(request.call.caller)
        if refusal is not None:
            raise CallerRefusedError(refusal)
        try:
            if operation.ahead is not None:
                request.ahead = operation.ahead(**values)
            if operation.changes:
                return answered_once(request.call, request, work)
            return work()
        finally:
            leave(request.call.caller)

    # Resolved where the view was written; ninja would look its names up in this file.
    view.__signature__ = inspect.signature(operation.view, eval_str=True)  # type: ignore[attr-defined]
    return view


def _encoded(operation: Operation, result: Any) -> HttpResponseBase:
    if isinstance(result, HttpResponseBase):
        return result
    answer = result if isinstance(result, BaseModel) else operation.answer.model_validate(result)
    body = msgspec.json.encode(answer.model_dump(mode="json"))
    return HttpResponse(body, status=operation.status, content_type=JSON)
