"""``kaquan prove``: recompute everything that the books say."""

from __future__ import annotations

from msgspec import structs
from rich.console import Console

from kaquan.foundation.changes.proof import ChangeProof
from kaquan.foundation.errors import ExitCode
from kaquan.ledger.prove import Proof
from kaquan.surfaces.cli.exit_codes import Ending
from kaquan.surfaces.cli.installation import open_installation
from kaquan.surfaces.cli.output import Json, plain, show
from kaquan.surfaces.cli.progress import ProgressBar

STAGES = {"blocks": ("核对账块", "Checking blocks"), "tables": ("核对余额", "Checking balances")}


def prove(json: Json = False) -> int:
    """核对：从账块重算全部账目，指出第一处差错 · Recompute the ledger, name the first wrong row.

    变更记录的哈希链一并核对 · The chain of the change log is checked as well.
    """
    with open_installation(), ProgressBar() as bar:
        proof, changes = prove_and_record(bar)
    value = as_json(proof) | {"changes": changes.changes, "changes_head": changes.head_hash}
    show(value, json=json, people=lambda console: _print(proof, changes, console))
    return ExitCode.OK if proof.ok else Ending.PROOF_FOUND_A_FAULT


def prove_and_record(bar: ProgressBar) -> tuple[Proof, ChangeProof]:
    """Prove the ledger and the change log, and let the pages say how it went."""
    from kaquan.analytics import proving

    return proving.prove_and_record(
        lambda stage, done, total: bar.update(*STAGES[stage], done, total)
    )


def as_json(proof: Proof) -> dict[str, object]:
    """The proof with stable fields."""
    return {
        "ok": proof.ok,
        "blocks": proof.blocks,
        "entries": proof.entries,
        "vouchers": proof.vouchers,
        "seconds": round(proof.seconds, 3),
        "head_hashes": {str(lane): head for lane, head in proof.head_hashes.items()},
        "faults": [structs.asdict(fault) for fault in proof.faults],
    }


def _print(proof: Proof, changes: ChangeProof, console: Console) -> None:
    counted = f"{proof.blocks:,} blocks · {proof.entries:,} entries · {proof.vouchers:,} vouchers"
    if proof.ok:
        console.print("✓ 账目无误 · the books hold together", style="green")
    else:
        console.print("✗ 账目有误 · the books are wrong", style="red")
    console.print(f"  {counted} · {proof.seconds:.1f} s")
    for lane, head in proof.head_hashes.items():
        console.print(f"  账道 lane {lane}: {head}")
    console.print(f"  变更记录 changes {changes.changes:,}: {changes.head_hash}")
    for fault in proof.faults:
        console.print(plain(f"  {fault}"), style="red")
