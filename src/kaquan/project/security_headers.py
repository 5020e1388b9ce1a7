"""The content security policy: pages run our own files and nothing else."""

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

#: Where a barcode reader runs, and nowhere else: a response says so by its `runs_wasm`.
WASM_POLICY = f"{POLICY}; script-src 'self' 'wasm-unsafe-eval'"

Handler = Callable[[HttpRequest], Any]  # gives a response, or a coroutine that does


@sync_and_async_middleware
def security_headers_middleware(get_response: Handler) -> Handler:
    """Add the policy to every response; no inline script, no inline style, no other host."""

    def with_policy(response: HttpResponseBase) -> HttpResponseBase:
        policy = WASM_POLICY if getattr(response, "runs_wasm", False) else POLICY
        response.headers["Content-Security-Policy"] = policy
        return response

    if iscoroutinefunction(get_response):

        async def handle_async(request: HttpRequest) -> HttpResponseBase:
            return with_policy(await get_response(request))

        return handle_async

    def handle(request: HttpRequest) -> HttpResponseBase:
        return with_policy(get_response(request))

    return handle
