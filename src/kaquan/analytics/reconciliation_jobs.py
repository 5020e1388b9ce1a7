"""Writing a reconciliation file in the background, for days with millions of lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from kaquan.analytics.reconciliation import PERMISSION, Ask, write_reconciliation
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.jobs import actions, exports
from kaquan.foundation.jobs.actors import from_json
from kaquan.foundation.jobs.models import Job

KIND = "reports.reconciliation"


def ask_for_reconciliation(*, actor: Actor, ask: Ask, client_id: int = 0) -> Job:
    """Let a reconciliation file be written; its manifest becomes the job's result.

    Raises `permission_denied`, `jobs_too_many`; what else stands in the way shows when it is done.
    """
    require(actor, PERMISSION)
    return actions.start(
        actor=actor,
        kind=KIND,
        title_zh=f"对账文件 {ask.day}",
        title_en=f"Reconciliation of {ask.day}",
        parameters={"ask": msgspec.to_builtins(ask)},
        client_id=client_id,
    )


_PREPARED = msgspec.json.Decoder(Ask)  # once, for threads: see engine.rules.reading


def write_reconciliation_file(job: Job) -> Mapping[str, Any]:
    """Do such a job; a file that was begun before is written anew."""
    ask = msgspec.convert(job.parameters["ask"], Ask)
    name = f"kaquan-{ask.day}-{ask.detail}.csv"
    with exports.new_file(job.id, name) as file:
        manifest = write_reconciliation(
            file,
            actor=from_json(job.actor),
            ask=ask,
            zone=current_configuration().time_zone,
            progress=lambda lines: actions.progress(job.id, lines, None),
        )
    result: dict[str, Any] = msgspec.to_builtins(manifest)
    actions.finish(job.id, result, file=exports.path_of(job.id, name))
    return result
