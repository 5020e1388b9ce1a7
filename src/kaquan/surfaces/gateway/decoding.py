"""From bytes to requests, and what to say of bytes that are none."""

from __future__ import annotations

from typing import Any

import msgspec

from kaquan.engine.outcome_details import Language
from kaquan.surfaces.gateway.answers import ProblemAnswer
from kaquan.surfaces.gateway.routes import Route
from kaquan.surfaces.http.fault_words import fault_words, named_fault
from kaquan.surfaces.http.json_text import fault_of
from kaquan.surfaces.http.problems import Problem, call_problem


def decoded(route: Route, body: bytes, language: Language) -> Any:
    """The request in a body; raises the problem of a body that is none."""
    try:
        message = route.decoder.decode(body)
        fault = fault_of(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ProblemAnswer(malformed_body(error, language)) from None
    if fault is not None:
        raise ProblemAnswer(
            call_problem(
                "malformed_request", language, {"field": ""}, remedy=fault_words(fault, language)
            )
        )
    return message


def malformed_body(error: Exception, language: Language, field: str = "") -> Problem:
    """The problem of a body that is no such request; it names the field that is wrong."""
    text = str(error)
    fault, _, where = text.partition(" - at `")
    place = where.rstrip("`").removeprefix("$").removeprefix(".")
    if isinstance(error, RecursionError):
        fault = "it is nested too deeply"
    elif isinstance(error, UnicodeDecodeError):
        fault = "it is not UTF-8"
    if "field `" in fault:  # an unknown or a missing one: where is the object that has it
        named = fault.split("`")[1]
        place = f"{place}.{named}" if place else named
    path = ".".join(part for part in (field, place) if part)
    remedy = named_fault(path, fault, language)
    return call_problem("malformed_request", language, {"field": path}, remedy=remedy)
