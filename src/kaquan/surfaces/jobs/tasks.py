"""What there is to do in the background: the one place that knows every kind of job.

The worker imports this module; a kind that is not registered here fails as unknown.
"""

from __future__ import annotations

from kaquan.analytics import proving, reconciliation_jobs
from kaquan.customers import tag_jobs
from kaquan.printing import run_jobs, runs
from kaquan.redemption import bulk_jobs, code_jobs, pool_jobs, publication_jobs
from kaquan.registration import pages
from kaquan.surfaces.console.kit import exports as list_exports
from kaquan.surfaces.console.screens import write_list
from kaquan.surfaces.jobs.registry import task

task(code_jobs.KIND)(code_jobs.write_code_file)
task(runs.KIND)(run_jobs.make_run)
task(publication_jobs.KIND)(publication_jobs.work_off_list)
task(pool_jobs.KIND)(pool_jobs.bring_in)
task(bulk_jobs.KIND)(bulk_jobs.work)
task(tag_jobs.KIND)(tag_jobs.tag_segment)
task(proving.KIND)(proving.run_proof)
task(reconciliation_jobs.KIND)(reconciliation_jobs.write_reconciliation_file)
task(list_exports.KIND)(write_list)
task(pages.KIND)(pages.read_page)
