"""Making the proof that a voucher is of a print run."""

from __future__ import annotations

from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.printing.merkle import leaf_of, proof_of, root_of
from kaquan.printing.proofs import VoucherProof
from kaquan.printing.run_jobs import vouchers_of
from kaquan.printing.runs import run_by_id


def prove_voucher(actor: Actor, run_id: int, serial: int) -> VoucherProof:
    """The proof for one serial; raises `print_run_unknown`, `print_serial_unknown`."""
    run = run_by_id(actor, run_id)
    vouchers = list(vouchers_of(run))
    index = next((index for index, one in enumerate(vouchers) if one.serial == serial), None)
    if index is None:
        raise _serial_unknown(run_id, serial)
    leaves = [leaf_of(one.serial, one.code) for one in vouchers]
    beside = tuple(one.hex() for one in proof_of(leaves, index))
    return VoucherProof(run.id, serial, index, len(leaves), root_of(leaves).hex(), beside)


def _serial_unknown(run_id: int, serial: int) -> KaquanError:
    return KaquanError(
        "print_serial_unknown",
        zh=f"序号 {serial} 不在印制单 {run_id} 中；请核对券面序号。",
        en=f"Serial {serial} is not of print run {run_id}; check the serial on the voucher.",
    )
