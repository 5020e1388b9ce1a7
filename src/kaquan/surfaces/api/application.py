"""The management API as one application: its operations, its parser, its answers to errors."""

from __future__ import annotations

import importlib
import logging
from typing import Any

import msgspec
import psycopg
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser

from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.surfaces.api.refusing import (
    CallRefusedError,
    language_of,
    problem_of,
    problem_response,
    validation_problem,
)
from kaquan.surfaces.http.json_text import fault_of
from kaquan.surfaces.http.problems import call_problem, outcome_problem

#: The files whose `routes` are the API, in the order of the description.
FILES = (
    "organisations",
    "stores",
    "clerks",
    "terminals",
    "customers",
    "personal_data",
    "keys",
    "offers",
    "campaigns",
    "batches",
    "better_terms",
    "pools",
    "assignments",
    "budgets",
    "vouchers",
    "entries",
    "reports",
    "jobs",
    "events",
    "webhooks",
    "deliveries",
)
DEPTH_MAX = 32

log = logging.getLogger(__name__)


class JsonParser(Parser):
    """Reads JSON strictly: UTF-8, no NaN, no lone surrogates, no NUL, no abyss."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The body's value; raises the problem `malformed_request`."""
        try:
            value = msgspec.json.decode(request.body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError) as error:
            raise CallRefusedError("malformed_request", remedy=str(error)[:200]) from None
        _refuse_abyss(value, 0)
        fault = fault_of(request.body)
        if fault is not None:
            raise CallRefusedError("malformed_request", remedy=fault)
        return value


def build_api() -> NinjaAPI:
    """The application with every file's operations."""
    api = NinjaAPI(
        title="Kaquan 卡券",
        version="1",
        urls_namespace="api",
        openapi_url=None,  # the document is made of both parts: see `description`
        docs_url=None,
        parser=JsonParser(),
    )
    for name in FILES:
        api.add_router("", importlib.import_module(f"kaquan.surfaces.api.{name}").routes.router)
    for kind in (ValidationError, HttpError, DatabaseError, psycopg.Error, Exception):
        api.add_exception_handler(kind, _answer)
    return api


def _answer(request: HttpRequest, error: Any) -> HttpResponse:
    language = language_of(request)
    if isinstance(error, HttpError) and isinstance(error.__cause__, CallRefusedError):
        error = error.__cause__
    if isinstance(error, ValidationError):
        return problem_response(validation_problem(error.errors, language))
    if isinstance(error, HttpError | SuspiciousOperation | BadRequest):
        return problem_response(call_problem("malformed_request", language))
    problem = problem_of(error, language)
    if problem is None and _is_database_away(error):
        log.warning("%s %s: %s", request.method, request.path, type(error).__name__)
        problem = outcome_problem(Outcome(OutcomeCode.UNAVAILABLE), language)
    if problem is None:
        # The traceback only: what was sent may be personal.
        log.error("%s %s failed", request.method, request.path, exc_info=error)
        problem = call_problem("internal_error", language)
    response = problem_response(problem)
    if problem.retryable and "Retry-After" not in response.headers:
        response.headers["Retry-After"] = "1"
    for name, value in getattr(error, "headers", ()):
        response.headers[name] = value
    return response


def _is_database_away(error: Exception) -> bool:
    kinds = {type(error).__name__, type(error.__cause__).__name__}
    return isinstance(error, DatabaseError | psycopg.Error) and bool(
        kinds & {"OperationalError", "InterfaceError", "PoolTimeout", "AdminShutdown"}
    )


def _refuse_abyss(value: Any, depth: int) -> None:
    if depth > DEPTH_MAX:
        raise CallRefusedError("malformed_request", remedy=f"nested deeper than {DEPTH_MAX}")
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            _refuse_abyss(part, depth + 1)
