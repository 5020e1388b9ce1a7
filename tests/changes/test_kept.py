"""Every capability keeps what it changes of the configuration, and never a secret."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

import kaquan
from kaquan.access.actions import (
    create_client,
    create_key,
    revoke_key,
    rotate_key,
    set_client_active,
)
from kaquan.budgets.actions import create_funder, open_budget
from kaquan.campaigns.actions import add_batch, create_campaign, update_campaign
from kaquan.foundation.changes.models import Change
from kaquan.foundation.changes.proof import prove_changes
from kaquan.foundation.errors import KaquanError
from kaquan.integrations.actions import (
    create_endpoint,
    remove_endpoint,
    rotate_secret,
    update_endpoint,
)
from kaquan.offers.actions import create_offer, publish_version
from kaquan.offers.imports import PRODUCTS
from kaquan.organisations.actions import (
    create_store,
    move_organisation,
    rename_organisation,
    update_store,
)
from kaquan.organisations.models import TerminalKind
from kaquan.organisations.staffing import (
    create_clerk,
    create_terminal,
    update_clerk,
    update_terminal,
)
from tests.builders.issuer import NOON, SYSTEM, TERMS, an_organisation, import_rows
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("database")

LATER = {**TERMS, "benefit": {"kind": "amount_off", "amount_fen": 3_000}}

#: Actions that change no configuration, each with the reason.
KEPT_ELSEWHERE = {
    "organisations.actions.lock_tree": "changes nothing",
    "organisations.staffing.note_terminal_seen": "a sign of life",
    "offers.actions.mark_version_used": "follows from a batch, which is kept",
    "offers.actions.reserve_version_id": "draws a number; the version that takes it is kept",
    "access.actions.create_key_with_client": "both of its parts are kept",
    "approvals.actions.hash_of": "changes nothing",
    "approvals.actions.plain": "changes nothing",
    "campaigns.planning.content_of": "changes nothing",
    "campaigns.planning.cost_of": "changes nothing",
    "campaigns.planning.planned_batches": "changes nothing",
    "campaigns.planning.worst_cost": "changes nothing",
    "campaigns.running.set_campaign_status": "pauses, resumes and stops keep it",
    "budgets.actions.change_budget": "booked in the ledger's blocks",
    "integrations.actions.send_test_event": "a delivery",
    "integrations.actions.resend": "a delivery",
    "integrations.actions.resend_dead": "deliveries",
    "staff.actions.note_password_changed": "somebody's own password",
    "staff.actions.is_administrator": "changes nothing",
    "staff.actions.administered_by": "changes nothing",
    "staff.actions.organisation_path_of": "changes nothing",
}
MODULES = (
    "organisations.actions",
    "organisations.staffing",
    "offers.actions",
    "approvals.actions",
    "approvals.rules",
    "campaigns.actions",
    "campaigns.planning",
    "campaigns.running",
    "budgets.actions",
    "access.actions",
    "integrations.actions",
    "staff.actions",
    "staff.granting",
)


def kept(act: Callable[[], object]) -> list[tuple[str, object, object]]:
    """What it wrote down: verb, before, after."""
    last = Change.objects.order_by("-id").values_list("id", flat=True).first() or 0
    act()
    rows = Change.objects.filter(id__gt=last).order_by("id")
    return list(rows.values_list("verb", "before", "after"))


def verbs(act: Callable[[], object]) -> list[str]:
    return [verb for verb, _, _ in kept(act)]


@pytest.mark.parametrize("module", MODULES)
def test_every_action_keeps_what_it_changes(module: str) -> None:
    path = Path(kaquan.__file__).parent / f"{module.replace('.', '/')}.py"
    functions = {
        node.name: ast.unparse(node)
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    keeping = {"record_change(", "record_row(", "keep(", "keep_batch("}
    keeping |= {f"{name}(" for name in functions if name.startswith(("_keep", "_note", "_change"))}

    silent = {
        f"{module}.{name}"
        for name, text in functions.items()
        if not name.startswith("_") and not any(one in text for one in keeping)
    }

    importlib.import_module(f"kaquan.{module}")
    assert silent - set(KEPT_ELSEWHERE) == set()


def test_the_tree_and_its_stores_are_kept(database: Database) -> None:
    east, west = an_organisation("华东", None), an_organisation("华西", None)

    assert verbs(
        lambda: create_store(actor=SYSTEM, code="S1", name="一店", parent_id=east.id, city="上海")
    ) == ["organisations.create", "stores.create"]
    ((verb, before, after),) = kept(lambda: update_store(actor=SYSTEM, code="S1", city="苏州"))
    assert (verb, before, after) == ("stores.update", {"city": "上海"}, {"city": "苏州"})
    ((_, before, after),) = kept(
        lambda: rename_organisation(actor=SYSTEM, organisation_id=west.id, name="西部")
    )
    assert (before, after) == ({"name": "华西"}, {"name": "西部"})
    ((verb, before, after),) = kept(
        lambda: move_organisation(actor=SYSTEM, organisation_id=west.id, parent_id=east.id)
    )
    assert (verb, before, after) == (
        "organisations.move",
        {"parent": None},
        {"parent": east.id},
    )
    assert kept(lambda: update_store(actor=SYSTEM, code="S1", city="苏州")) == []


def test_clerks_and_terminals_are_kept() -> None:
    east = an_organisation("华东", None)
    create_store(actor=SYSTEM, code="S1", name="一店", parent_id=east.id)

    assert verbs(
        lambda: create_clerk(actor=SYSTEM, staff_no="C1", name="李", organisation_id=east.id)
    ) == ["clerks.create"]
    ((_, before, after),) = kept(lambda: update_clerk(actor=SYSTEM, staff_no="C1", active=False))
    assert (before, after) == ({"active": True}, {"active": False})
    assert verbs(
        lambda: create_terminal(actor=SYSTEM, code="T1", store_code="S1", kind=TerminalKind.TILL)
    ) == ["terminals.create"]
    ((_, before, after),) = kept(
        lambda: update_terminal(actor=SYSTEM, code="T1", kind=TerminalKind.PHONE)
    )
    assert (before, after) == ({"kind": "till"}, {"kind": "phone"})


def test_offers_campaigns_batches_and_budgets_are_kept(database: Database) -> None:
    version = create_offer(actor=SYSTEM, code="O1", name="满减", terms=TERMS, at=NOON)

    ((verb, before, after),) = kept(
        lambda: publish_version(actor=SYSTEM, offer_id=version.offer_id, terms=LATER, at=NOON)
    )
    assert verb == "offers.publish"
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    assert before["terms"]["benefit"]["amount_fen"] == 2_000
    assert after["terms"]["benefit"]["amount_fen"] == 3_000
    campaign = create_campaign(
        actor=SYSTEM,
        code="K1",
        name="开业",
        kind="拉新",
        starts_at=NOON,
        ends_at=NOON + timedelta(days=9),
    )
    ((_, before, after),) = kept(
        lambda: update_campaign(actor=SYSTEM, campaign_id=campaign.id, goal="一万新客")
    )
    assert (before, after) == ({"goal": ""}, {"goal": "一万新客"})
    funder = create_funder(actor=SYSTEM, code="F1", name="市商务局")

    def opening() -> object:
        return open_budget(
            actor=SYSTEM, code="B1", name="预算", total_fen=100, at=NOON, funder_id=funder.id
        )

    def adding() -> object:
        return add_batch(
            actor=SYSTEM,
            campaign_id=campaign.id,
            name="首批",
            version_id=version.id,
            quantity=10,
            at=NOON,
        )

    assert verbs(opening) == ["budgets.open"]
    assert verbs(opening) == []
    assert verbs(adding) == ["batches.add"]
    assert verbs(adding) == []
    assert prove_changes(lambda: psycopg.connect(database.app_url)).faults == []


def test_clients_and_keys_are_kept_without_their_secrets() -> None:
    client = create_client(actor=SYSTEM, name="收银", at=NOON)
    made = create_key(
        actor=SYSTEM, client_id=client.id, permissions=["jobs.view"], at=NOON, must_sign=True
    )
    assert verbs(lambda: rotate_key(actor=SYSTEM, key_id=made.key.id, at=NOON)) == [
        "keys.rotate",
        "keys.rotate",
    ]
    assert verbs(lambda: revoke_key(actor=SYSTEM, key_id=made.key.id, at=NOON)) == ["keys.revoke"]
    assert kept(lambda: revoke_key(actor=SYSTEM, key_id=made.key.id, at=NOON)) == []
    assert verbs(lambda: set_client_active(actor=SYSTEM, client_id=client.id, active=False)) == [
        "clients.update"
    ]

    written = repr(list(Change.objects.values()))
    assert made.text[-30:] not in written
    assert str(made.signing_secret) not in written
    assert "secret_hash" not in written


def test_webhooks_are_kept_without_their_secrets() -> None:
    endpoint = create_endpoint(
        actor=SYSTEM,
        client_id=101,
        url="https://example.com/hook?token=very-secret",
        at=NOON,
        resolve=lambda *_: ["93.184.216.34"],
    )
    ((_, before, after),) = kept(
        lambda: update_endpoint(actor=SYSTEM, endpoint_id=endpoint.id, active=False)
    )
    assert (before, after) == ({"active": True}, {"active": False})
    assert verbs(lambda: rotate_secret(actor=SYSTEM, endpoint_id=endpoint.id, at=NOON)) == [
        "webhooks.rotate_secret"
    ]
    ((verb, before, after),) = kept(lambda: remove_endpoint(actor=SYSTEM, endpoint_id=endpoint.id))
    assert (verb, after) == ("webhooks.remove", None)
    assert before is not None

    assert "very-secret" not in repr(list(Change.objects.values()))


def test_an_import_of_products_is_one_change() -> None:
    rows = [{"sku": f"P{number}", "name": "水"} for number in range(5)]

    ((verb, before, after),) = kept(lambda: import_rows(PRODUCTS, rows))
    assert (verb, before, after) == ("products.import", None, {"new": 5, "changed": 0})
    assert kept(lambda: import_rows(PRODUCTS, rows)) == []


def test_what_is_refused_is_not_kept(database: Database) -> None:
    create_store(actor=SYSTEM, code="S1", name="一店", parent_id=an_organisation("华东", None).id)
    before = Change.objects.count()

    for act in (
        lambda: create_store(actor=SYSTEM, code="S1", name="二店", parent_id=None),
        lambda: create_client(actor=SYSTEM, name="", at=NOON),
        lambda: create_offer(actor=SYSTEM, code="O", name="券", terms={}, at=NOON),
        lambda: open_budget(actor=SYSTEM, code="B1", name="预算", total_fen=-1, at=NOON),
    ):
        with pytest.raises(KaquanError):
            act()

    left = Change.objects.order_by("id")[before:]
    assert [one.verb for one in left if one.verb not in ("budgets.open", "budgets.refused")] == []
    assert prove_changes(lambda: psycopg.connect(database.app_url)).faults == []
