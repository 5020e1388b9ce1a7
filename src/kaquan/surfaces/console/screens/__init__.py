"""All screens of the console, and the menu; a new screen is added here and nowhere else."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from kaquan.surfaces.console.acting import choose
from kaquan.surfaces.console.kit import exports
from kaquan.surfaces.console.kit.bulk import BulkScreen
from kaquan.surfaces.console.kit.details import ActionScreen, DetailScreen
from kaquan.surfaces.console.kit.lists import ListScreen
from kaquan.surfaces.console.kit.menu import Entry, Group
from kaquan.surfaces.console.kit.screens import Call, Screen
from kaquan.surfaces.console.screens import (
    access,
    access_forms,
    accounts,
    announcements,
    approval_contents,
    approval_rules,
    approvals,
    batch_forms,
    batch_work,
    batches,
    better_terms,
    budget_contents,
    budget_forms,
    budgets,
    bundles,
    calendar,
    campaigns,
    care_limits,
    changes,
    claim_links,
    conversion,
    customer_forms,
    customers,
    customers_import,
    entries,
    erasures,
    follow_ups,
    grants,
    holidays,
    jobs,
    keying,
    member_cards,
    offers,
    offline,
    organisations,
    paper,
    paper_acts,
    paper_cases,
    paper_notes,
    performance,
    print_faces,
    print_runs,
    proof,
    quotas,
    redeeming,
    redemptions,
    register_pages,
    registration,
    roles,
    runs,
    search,
    segment_builder,
    segments,
    settings,
    slip_photos,
    slips,
    staff,
    staff_forms,
    statements,
    store_forms,
    store_import,
    terminals,
    tree,
    views,
    voucher_approvals,
    voucher_bulk,
    voucher_lists,
    voucher_reversal,
    voucher_search,
    vouchers,
    webhook_forms,
    webhooks,
    wizard,
    wizard_start,
    workbench,
)

LISTS: tuple[ListScreen[Any], ...] = (
    campaigns.CAMPAIGNS,
    wizard_start.DRAFTS,
    batches.BATCHES,
    runs.RUNS,
    claim_links.LINKS,
    print_runs.RUNS,
    print_faces.FACES,
    paper.STOCK,
    paper_notes.NOTES,
    paper_cases.CASES,
    voucher_lists.VOUCHERS,
    voucher_bulk.BULKS,
    offers.OFFERS,
    redemptions.REDEMPTIONS,
    bundles.BUNDLES,
    customers.CUSTOMERS,
    segments.SEGMENTS,
    follow_ups.TASKS,
    erasures.ERASURES,
    organisations.STORES,
    terminals.TERMINALS,
    offline.CONFLICTS,
    budgets.BUDGETS,
    entries.ENTRIES,
    accounts.ACCOUNTS_SCREEN,
    performance.STORE_FIGURES,
    performance.CLERKS,
    quotas.QUOTAS,
    access.KEYS,
    webhooks.WEBHOOKS,
    jobs.JOBS,
    changes.CHANGES,
    staff.STAFF,
    roles.ROLES,
    announcements.ANNOUNCEMENTS,
    approvals.WAITING,
    approvals.ALL,
    approval_rules.RULES,
    views.VIEWS,
)
DETAILS: tuple[DetailScreen[Any], ...] = (
    campaigns.CAMPAIGN,
    batches.BATCH,
    claim_links.LINK,
    print_runs.RUN,
    print_faces.FACE,
    paper.PAPER_BATCH,
    paper.PIECE,
    paper_notes.NOTE,
    paper_cases.CASE,
    offers.OFFER,
    vouchers.VOUCHER,
    voucher_bulk.BULK,
    bundles.BUNDLE,
    slips.SLIP,
    keying.KEYING,
    customers.CUSTOMER,
    segments.SEGMENT,
    follow_ups.TASK,
    erasures.ERASURE,
    organisations.STORE,
    terminals.TERMINAL,
    tree.NODE,
    budgets.BUDGET,
    quotas.QUOTA,
    access.KEY,
    webhooks.WEBHOOK,
    jobs.JOB,
    staff.STAFF_MEMBER,
    grants.GRANT_PAGE,
    grants.SESSION_PAGE,
    roles.ROLE,
    announcements.ANNOUNCEMENT,
    approvals.APPROVAL,
    approval_rules.RULE,
    views.VIEW,
)
OTHERS: tuple[Screen, ...] = (
    search.SEARCH,
    views.NewView(),
    approval_rules.NewRule(),
    approval_rules.EditRule(),
    campaigns.NewCampaign(),
    calendar.CampaignCalendar(),
    wizard_start.BEGIN,
    wizard_start.CopyCampaign(),
    wizard_start.ReworkCampaign(),
    wizard_start.KeepTemplate(),
    wizard_start.REMOVE,
    wizard.OPEN,
    wizard.WIZARD,
    campaigns.MoreVouchers(),
    campaigns.EditCampaign(),
    batch_forms.NewBatch(),
    batch_forms.MintMore(),
    better_terms.IMPROVE,
    better_terms.ImproveCampaign(),
    claim_links.NewClaimLink(),
    claim_links.FILE,
    claim_links.TAG,
    member_cards.CARD,
    batch_work.ActivateVouchers(),
    batch_work.AllotVouchers(),
    batch_work.AssignToOne(),
    batch_work.GiveToMany(),
    batch_work.PoolUploadForm(),
    print_faces.NewFace(),
    print_faces.EditFace(),
    print_faces.FacePreview(),
    print_runs.OrderRun(),
    paper.PaperSearch(),
    paper_acts.RECEIVE,
    paper_acts.PaperAct(),
    paper_acts.SendPaper(),
    paper_acts.DestroyPaper(),
    paper_notes.SignNote(),
    voucher_search.VoucherSearch(),
    redeeming.RedeemByHand(),
    bundles.NewBundle(),
    bundles.BundleTotals(),
    registration.ENTRY,
    registration.ImportSlips(),
    slip_photos.AttachPhoto(),
    slip_photos.SlipPhotoPicture(),
    register_pages.NewRegisterPage(),
    register_pages.PAGE,
    register_pages.PagePicture(),
    keying.SettleKeying(),
    keying.ACCURACY,
    conversion.ConvertPaper(),
    conversion.ChooseDigitalBatch(),
    voucher_reversal.ReverseRedemption(),
    voucher_bulk.NewBulk(),
    care_limits.CareLimits(),
    care_limits.EditCareLimit(),
    customers.CustomerSearch(),
    customer_forms.NewCustomer(),
    customer_forms.EditCustomer(),
    customer_forms.NewTask(),
    customer_forms.MergeCustomer(),
    customer_forms.RemoveIdentity(),
    customer_forms.ShowCustomer(),
    customers_import.ImportCustomers(),
    segment_builder.NewSegment(),
    segment_builder.EditSegment(),
    tree.OrganisationTree(),
    tree.NewNode(),
    tree.MoveNode(),
    store_forms.NewStore(),
    store_forms.EditStore(),
    store_forms.NewClerk(),
    store_forms.EditClerk(),
    store_forms.NewTerminal(),
    store_forms.EditTerminal(),
    terminals.RegisterDevice(),
    terminals.TerminalCapsForm(),
    store_import.ImportStores(),
    staff_forms.NewStaff(),
    staff_forms.EditStaff(),
    staff_forms.ResetPassword(),
    staff_forms.GrantRole(),
    roles.NewRole(),
    roles.EditRole(),
    access_forms.NewKey(),
    access_forms.RotateKey(),
    webhook_forms.NewWebhook(),
    webhook_forms.EditWebhook(),
    webhook_forms.RotateWebhookSecret(),
    settings.IssuerSettings(),
    holidays.HOLIDAYS,
    holidays.EDIT_DAY,
    announcements.NewAnnouncement(),
    announcements.EditAnnouncement(),
    announcements.Dismiss(),
    jobs.JobFile(),
    budget_forms.NewBudget(),
    budget_forms.ChangeTotal(),
    budget_forms.TransferMoney(),
    budget_forms.Warnings(),
    statements.STATEMENTS,
    performance.PERFORMANCE,
    proof.ProofState(),
    offline.OFFLINE,
)
BULK = (
    BulkScreen(batches.BATCHES, batches.BATCH),
    BulkScreen(customers.CUSTOMERS, customers.CUSTOMER),
    BulkScreen(follow_ups.TASKS, follow_ups.TASK),
    BulkScreen(organisations.STORES, organisations.STORE),
    BulkScreen(staff.STAFF, staff.STAFF_MEMBER),
)


approval_contents.PANELS.update({**budget_contents.CONTENTS, **better_terms.CONTENTS})
approval_contents.PANELS.update(voucher_approvals.PANELS)
views.TITLES.update({screen.name: screen.title for screen in LISTS})


def _entry(screen: Screen) -> Entry:
    return Entry(screen.name, screen.title, screen.permission)


_OTHERS = {screen.name: screen for screen in OTHERS}
MENU = (
    Group(
        _("Work"),
        (
            _entry(workbench.WORKBENCH),
            Entry(approvals.WAITING.name, _("Approvals"), approvals.WAITING.permission),
            _entry(campaigns.CAMPAIGNS),
            _entry(wizard_start.DRAFTS),
            _entry(_OTHERS["campaign-calendar"]),
            _entry(batches.BATCHES),
            _entry(claim_links.LINKS),
            _entry(print_runs.RUNS),
            _entry(print_faces.FACES),
            _entry(paper.STOCK),
            _entry(offers.OFFERS),
            _entry(redemptions.REDEMPTIONS),
            _entry(_OTHERS["voucher-search"]),
            _entry(_OTHERS["redeem"]),
            _entry(bundles.BUNDLES),
            _entry(voucher_bulk.BULKS),
        ),
    ),
    Group(
        _("People and places"),
        (
            _entry(customers.CUSTOMERS),
            _entry(segments.SEGMENTS),
            _entry(follow_ups.TASKS),
            _entry(erasures.ERASURES),
            _entry(organisations.STORES),
            _entry(terminals.TERMINALS),
            *map(_entry, offline.SCREENS),
            _entry(_OTHERS["organisations"]),
            _entry(staff.STAFF),
            _entry(roles.ROLES),
        ),
    ),
    Group(
        _("Money"),
        (
            _entry(budgets.BUDGETS),
            _entry(entries.ENTRIES),
            _entry(accounts.ACCOUNTS_SCREEN),
            _entry(statements.STATEMENTS),
            _entry(_OTHERS["proof"]),
        ),
    ),
    Group(
        _("Figures"),
        (
            _entry(performance.PERFORMANCE),
            _entry(performance.CLERKS),
            _entry(quotas.QUOTAS),
        ),
    ),
    Group(
        _("System"),
        (
            _entry(access.KEYS),
            _entry(webhooks.WEBHOOKS),
            _entry(jobs.JOBS),
            _entry(changes.CHANGES),
            _entry(_OTHERS["settings"]),
            _entry(_OTHERS["holidays"]),
            _entry(announcements.ANNOUNCEMENTS),
            _entry(approval_rules.RULES),
            _entry(_OTHERS["care-limits"]),
        ),
    ),
)


class ActingIn(Screen):
    """Which part of the organisation someone acts in from now on."""

    name = "acting-in"
    path = "acting-in"
    title = _("Acting in")
    permission = ""

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """Keep the choice and begin anew."""
        del key
        asked = call.request.POST.get("organisation", "")
        if asked.isascii() and asked.isdigit() and len(asked) < 10:
            choose(call.request, int(asked) or None)
        return HttpResponseRedirect(workbench.WORKBENCH.address())


SCREENS: tuple[Screen, ...] = (
    workbench.WORKBENCH, ActingIn(), *LISTS, *DETAILS, *OTHERS, *map(ActionScreen, DETAILS), *BULK
)  # fmt: skip


def list_named(name: str) -> ListScreen[Any]:
    """A list by its name, for exports."""
    return next(screen for screen in LISTS if screen.name == name)


write_list = exports.writer(list_named)
"""Does the jobs that export lists."""
