import pytest
from collections import Counter
from random import Random
from kaquan.ledger.prove import prove
from tests.ledger.random_traffic import RandomTraffic
from tests.builders.books import records
@pytest.mark.parametrize("seed", range(int(__import__("os").environ.get("SEEDS","6"))))
def test_x(database,new_door,connection,seed):
    t=RandomTraffic([new_door(),new_door(),new_door()],Random(seed)); t.open(); t.run(1200)
    c=Counter((r.command.operation, r.outcome.code.name) for r in records(connection))
    if seed==0:
        for k,v in sorted(c.items()): print(*k,v)
    p=prove(database.connect,progress=lambda *_:None)
    for f in p.faults: print(f)
    print(t.done,p.blocks,p.entries,p.vouchers,p.seconds)
    assert p.ok
