"""The page that shows the API's description, offline; and the answer where nothing is."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from kaquan.surfaces.api.refusing import language_of, problem_response
from kaquan.surfaces.http.problems import call_problem


@require_safe
def swagger_page(request: HttpRequest) -> HttpResponse:
    """The description for people, who may try operations with a key of theirs."""
    return render(request, "api/docs.html")


@csrf_exempt
def route_unknown(request: HttpRequest) -> HttpResponse:
    """The answer under the API's addresses where nothing is."""
    return problem_response(call_problem("route_unknown", language_of(request)))
