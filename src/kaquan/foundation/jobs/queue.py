"""How a job reaches a worker: procrastinate's table, in the transaction at hand.

Every kind of ours is one task of procrastinate's: the record says which, so that a queue never
holds a name or an argument that a newer version no longer knows.
"""

from uuid import UUID

from procrastinate.contrib.django import app

QUEUE = "kaquan"
TASK = "kaquan.job"


def enqueue(job_id: UUID) -> None:
    """Hand the job to whichever worker is free; undone when the transaction is."""
    app.configure_task(TASK, queue=QUEUE).defer(job_id=str(job_id))
