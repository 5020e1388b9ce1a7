import time
from tests.builders.ledger import *
from tests.races.racing import *
import pytest
@pytest.mark.parametrize("n",[8,8,16,16])
def test_x(door, database,n):
    b=a_batch(door)
    t=time.monotonic()
    calls=send_at_once(database.app_url,[[[redeem(b.serial())]]]*n)
    print(n, time.monotonic()-t, sorted(codes(answers(calls))), max(c.returned_ns for c in calls)-min(c.called_ns for c in calls))
