"""Tags for everybody in a segment, in the background: begun again, it changes nothing twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import islice
from typing import Any

from django.db import connection, transaction

from kaquan.customers.actions import PERMISSION, TAGS_MAX, read_tags
from kaquan.customers.errors import tags_missing
from kaquan.customers.keeping import KIND as CUSTOMER
from kaquan.customers.segments import members, segment_by_id
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.changes.actions import record_change
from kaquan.foundation.jobs import actions
from kaquan.foundation.jobs.actors import from_json
from kaquan.foundation.jobs.models import Job

KIND = "customers.tag_segment"
AT_ONCE = 2_000

# Whose tags stay within the bound; who was erased meanwhile has none. Sorted as Python sorts.
_TAG = """
UPDATE customers_customer AS customer SET tags = made.tags
FROM (
  SELECT id, tags AS before, ARRAY(
    SELECT DISTINCT tag COLLATE "C" FROM unnest(tags || %(add)s::varchar[]) AS tag
    WHERE NOT tag = ANY (%(remove)s::varchar[]) ORDER BY 1
  )::varchar[] AS tags
  FROM customers_customer WHERE id = ANY (%(ids)s::bigint[]) AND erased_at IS NULL
  ORDER BY id FOR UPDATE
) AS made
WHERE customer.id = made.id AND made.tags <> made.before AND cardinality(made.tags) <= %(most)s
"""


def ask_for_tags(
    *, actor: Actor, segment_id: int, add: Collection[str] = (), remove: Collection[str] = ()
) -> Job:
    """Let everybody in a segment as it is then have some tags, and others no more.

    Raises `permission_denied`, `segment_unknown`, `segment_not_active`, `tags_missing`,
    `value_invalid`, `jobs_too_many`.
    """
    require(actor, PERMISSION)
    segment = segment_by_id(actor, segment_id)
    added, removed = (
        cells.accepted(read_tags, list(tags), zh="标签", en="tags") for tags in (add, remove)
    )
    if not added and not removed:
        raise tags_missing()
    members(actor, segment_id)  # it can be used
    return actions.start(
        actor=actor,
        kind=KIND,
        title_zh=f"批量标签：{segment.name}",
        title_en=f"Tags for a segment: {segment.name}",
        parameters={"segment_id": segment_id, "add": added, "remove": removed},
    )


def tag_segment(job: Job) -> Mapping[str, Any]:
    """Do such a job, a part of the people at a time."""
    actor, asked = from_json(job.actor), job.parameters
    people = members(actor, asked["segment_id"])
    done = changed = 0
    while ids := list(islice(people, AT_ONCE)):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_TAG, {"add": asked["add"], "remove": asked["remove"], "ids": ids,
                                  "most": TAGS_MAX})  # fmt: skip
            changed += cursor.rowcount
        done += len(ids)
        actions.progress(job.id, done, None)
    with transaction.atomic():
        record_change(
            actor=actor,
            verb="customers.tag_segment",
            kind=CUSTOMER,
            object_id="",
            object_name=job.title_zh,
            organisation_path=actor.organisation_path,
            before=None,
            after={"segment": asked["segment_id"], "people": done, "changed": changed},
        )
    return {"people": done, "changed": changed}
