"""The proof: what the books say is recomputed, and what is wrong is named."""

from kaquan.ledger.prove import prove
from tests.fixtures_database import Database
from tests.fixtures_ledger import OpenDoor
from tests.ledger.traffic import every_operation


def test_books_with_every_operation_hold_together(database: Database, new_door: OpenDoor) -> None:
    every_operation([new_door(), new_door()])
    proof = prove(database.connect, progress=lambda *_: None)
    for f in proof.faults: print(f)
    assert proof.ok, proof.faults
    print(proof)
