"""The description of the whole API: the hot lane and the management API in one document."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from kaquan.surfaces.api.description import management_document
from kaquan.surfaces.api.urls import api


@require_safe
def openapi_document(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  # a view has one
    """OpenAPI 3.1, as JSON."""
    return HttpResponse(_encoded(), content_type="application/json")


def document() -> dict[str, Any]:
    """The document of both parts."""
    return management_document(api)


@cache
def _encoded() -> bytes:
    return msgspec.json.encode(document())
