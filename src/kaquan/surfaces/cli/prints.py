"""``kaquan print``: proofs that a voucher is of a print run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from kaquan.foundation.errors import ExitCode
from kaquan.printing.proofs import holds, read_proof
from kaquan.surfaces.cli import values
from kaquan.surfaces.cli.installation import open_installation
from kaquan.surfaces.cli.output import Json, show

app = typer.Typer(
    name="print",
    help="印制：一张券属于某印制单的证明 · Print runs: proofs that a voucher is of one",
    no_args_is_help=True,
)


@app.command("proof")
def proof_command(
    run: Annotated[
        int, typer.Argument(parser=values.positive_id, metavar="RUN", help="印制单号 · the run")
    ],
    serial: Annotated[
        int,
        typer.Argument(
            parser=values.serial, metavar="SERIAL", help="券面序号 · the voucher's serial"
        ),
    ],
    *,
    as_: values.As = None,
) -> None:
    """输出一张券的证明（JSON，不含券码）· Print a voucher's proof: JSON, without its code."""
    with open_installation():
        from kaquan.printing.run_proofs import prove_voucher

        proof = prove_voucher(values.acting(as_), run, serial)
    show(msgspec.to_builtins(proof), json=True, people=lambda _console: None)


@app.command("check")
def check_command(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", exists=True, dir_okay=False, help="证明文件 · the proof's file"
        ),
    ],
    code: Annotated[str, typer.Argument(metavar="CODE", help="券码 · the voucher's code")],
    root: Annotated[
        str,
        typer.Option(metavar="HEX", help="印制交接单上的校验根 · the root on the delivery note"),
    ],
    json: Json = False,
) -> int:
    """核对证明，不查数据库 · Check a proof; the database is not asked."""
    proof = read_proof(file.read_bytes())
    proven = holds(proof, code=code, root=root)

    def people(console: Console) -> None:
        if proven:
            console.print(
                f"✓ 序号 {proof.serial} 属于印制单 {proof.run} · is of the run", style="green"
            )
        else:
            console.print("✗ 证明不成立：券码、序号或校验根不符。", style="red")
            console.print("  Not proven: the code, the serial or the root is another.")

    show({"proven": proven, "run": proof.run, "serial": proof.serial}, json=json, people=people)
    return ExitCode.OK if proven else ExitCode.FAILED
