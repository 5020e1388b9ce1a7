"""What managing may be refused with, in general: for the catalogue of problems.

Each is told as its own words tell it, of a thing without a name.
"""

from __future__ import annotations

from uuid import UUID

from kaquan.access import errors as access
from kaquan.approvals.errors import approval_open
from kaquan.budgets import errors as budgets
from kaquan.campaigns import errors as campaigns
from kaquan.campaigns.planning import BATCHES_MAX
from kaquan.customers import errors as customers
from kaquan.engine.rules.faults import TermsFault
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.jobs import errors as jobs
from kaquan.foundation.jobs.actions import NOT_ENDED_MAX
from kaquan.integrations import errors as integrations
from kaquan.integrations.actions import ENDPOINTS_MAX
from kaquan.offers import errors as offers
from kaquan.organisations import errors as organisations
from kaquan.redemption.code_files import without_codes

_ANY, _ANY_ID = "…", 1
_ANY_FAULTS = [TermsFault("benefit", "……", "…")]

MANAGED: tuple[KaquanError, ...] = (
    access.client_exists(_ANY),
    access.client_unknown(_ANY),
    access.key_ended(_ANY),
    access.key_unknown(_ANY),
    approval_open(_ANY),
    budgets.budget_closed(_ANY),
    budgets.code_taken(_ANY),
    budgets.funder_unknown(_ANY),
    campaigns.approval_required(),
    campaigns.batch_exists(_ANY),
    campaigns.batch_planned(_ANY),
    campaigns.campaign_exists(_ANY),
    campaigns.campaign_fixed(_ANY),
    campaigns.campaign_full(BATCHES_MAX),
    campaigns.campaign_not_draft(_ANY),
    campaigns.campaign_not_running(_ANY),
    campaigns.campaign_over_already(),
    campaigns.campaign_state_wrong(_ANY),
    campaigns.campaign_unknown(_ANY),
    campaigns.campaign_without_batches(),
    campaigns.campaign_without_time(),
    campaigns.terms_not_better([]),
    campaigns.terms_unchanged(),
    campaigns.terms_unlawful(_ANY_FAULTS),
    customers.customer_erased(_ANY),
    customers.customer_exists(_ANY),
    customers.customer_merge_with_itself(_ANY),
    customers.customer_merged(_ANY),
    customers.customer_not_merged(_ANY),
    customers.erasure_requested_already(_ANY),
    customers.erasure_unknown(_ANY),
    integrations.delivery_unknown(_ANY_ID),
    integrations.endpoint_inactive(),
    integrations.endpoint_unknown(_ANY_ID),
    integrations.target_refused(_ANY, _ANY),
    integrations.too_many_endpoints(ENDPOINTS_MAX),
    jobs.job_file_gone(UUID(int=0)),
    jobs.job_unknown(_ANY),
    jobs.jobs_too_many(NOT_ENDED_MAX),
    offers.offer_exists(_ANY),
    offers.offer_unknown(_ANY),
    offers.terms_invalid(_ANY_FAULTS),
    organisations.clerk_exists(_ANY),
    organisations.clerk_unknown(_ANY),
    organisations.organisation_exists(_ANY, _ANY),
    organisations.organisation_misplaced(_ANY),
    organisations.store_unknown(_ANY),
    organisations.terminal_exists(_ANY),
    without_codes(_ANY_ID),
    KaquanError(
        "batch_by_code",
        zh="批次凭券码使用，不能按名单发放；请用从库存领取的批次。",
        en="The vouchers of the batch are named by their codes; to give some to a list of "
        "customers, use a batch that is claimed from stock.",
    ),
    KaquanError(
        "codes_too_weak",
        zh="这些券码太容易被猜中；请换更长的，或说明可以接受。",
        en="The codes are too easy to guess: use longer ones, or say that you accept it.",
    ),
    KaquanError(
        "personal_data_too_long",
        zh="客户的记录太多，请用命令行导出。",
        en="There are too many records of the customer; export them on the command line.",
    ),
    KaquanError(
        "publication_unknown",
        zh="没有这个发放任务，或不在您的管辖范围内。",
        en="There is no such publication, or not in your part.",
    ),
)
