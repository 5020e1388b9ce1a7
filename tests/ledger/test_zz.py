import time
from random import Random
from tests.ledger.tampering import tamper_campaign
from tests.ledger.random_traffic import RandomTraffic
def test_c(superuser,new_door):
    t=RandomTraffic([new_door(),new_door()],Random(5)); t.open(); t.run(250)
    s=time.monotonic()
    c=tamper_campaign(superuser,rounds=12,seed=100)
    print(c.tried,c.refused,time.monotonic()-s)
    for m in c.missed: print("MISSED",m)
    assert not c.missed
