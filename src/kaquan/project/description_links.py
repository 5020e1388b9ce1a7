"""Links of the description: what an answer names, and every operation that takes it in its path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

#: For each parameter of a path: the operations whose answers name such a thing, and where.
NAMED: Final[Mapping[str, Mapping[str, str]]] = {
    "redemption": {
        "redeem": "/redemption",
        "settle": "/redemption",
        "list_redemptions": "/items/0/receipt",
    },
    "hold": {"hold": "/hold"},
    "organisation_id": {"create_organisation": "/id", "list_organisations": "/items/0/id"},
    "store": {"create_store": "/code", "list_stores": "/items/0/code"},
    "staff_no": {"create_clerk": "/staff_no", "list_clerks": "/items/0/staff_no"},
    "terminal": {"create_terminal": "/terminal", "list_terminals": "/items/0/terminal"},
    "customer": {
        "create_customer": "/number",
        "list_customers": "/items/0/number",
        "search_customers": "/items/0/number",
    },
    "client_id": {"create_client": "/id"},
    "key_id": {"create_key": "/id"},
    "offer_id": {"create_offer": "/offer_id", "list_offers": "/items/0/id"},
    "version_id": {
        "create_offer": "/id",
        "publish_version": "/id",
        "list_versions": "/items/0/id",
    },
    "campaign_id": {"create_campaign": "/id", "list_campaigns": "/items/0/id"},
    "batch_id": {"create_batch": "/id", "list_batches": "/items/0/id"},
    "publication_id": {"create_publication": "/id", "list_publications": "/items/0/id"},
    "budget_id": {"open_budget": "/id", "list_budgets": "/items/0/id"},
    "job_id": {
        "export_codes": "/id",
        "assign_to_list": "/id",
        "start_reconciliation": "/id",
        "list_jobs": "/items/0/id",
    },
    "webhook_id": {"create_webhook": "/id", "list_webhooks": "/items/0/id"},
    "delivery_id": {"test_webhook": "/id", "list_deliveries": "/items/0/id"},
}
OPERATION_METHODS: Final = ("get", "post", "put", "patch", "delete")


def add_links(document: dict[str, Any]) -> None:
    """Write the links into the answers that have what they need: what the answer itself names, and
    what stood in the path of its request."""
    operations = {
        operation["operationId"]: (path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in OPERATION_METHODS
    }
    targets = {name: _parameters(path) for name, (path, _) in operations.items()}
    for parameter, producers in NAMED.items():
        for producer, pointer in producers.items():
            known = {name: f"$request.path.{name}" for name in targets[producer]}
            known[parameter] = f"$response.body#{pointer}"
            links = {
                target: {
                    "operationId": target,
                    "parameters": {name: known[name] for name in sorted(wanted)},
                }
                for target, wanted in targets.items()
                if parameter in wanted and wanted <= known.keys() and target != producer
            }
            _answer(operations[producer][1]).setdefault("links", {}).update(links)


def _parameters(path: str) -> frozenset[str]:
    return frozenset(part[1:-1] for part in path.split("/") if part.startswith("{"))


def _answer(operation: dict[str, Any]) -> dict[str, Any]:
    """The answer of an operation that did what was asked."""
    (done,) = (answer for status, answer in operation["responses"].items() if status[0] == "2")
    assert isinstance(done, dict)
    return done
