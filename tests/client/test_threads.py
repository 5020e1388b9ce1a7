"""Many threads may begin at once: msgspec alone would end the process then."""

from __future__ import annotations

import subprocess
import sys

BEGIN_AT_ONCE = """
import sys, threading
from kaquan_client import commands, requests
from kaquan_client.retrying import Answer, problem_of

voucher = b'{"serial":1,"state":"used","valid_until":"2027-01-01T00:00:00Z"}'
body = b'{"redemption":"R1","vouchers":[%b],"voucher":%b,"outcomes":[{"code":"busy"}]}'
body = body.replace(b"%b", voucher)
calls = [requests.redeem(["N6W5"]), requests.claim(1, customer="M1"),
         requests.submit([commands.Expire(code="x")])]
sys.setswitchinterval(1e-7)
together = threading.Barrier(16)

def begin(number):
    together.wait()
    for call in calls[number % 3:] + calls[:number % 3]:
        call.read(body)
    problem_of(Answer(409, b'{"code":"voucher_used"}'))

threads = [threading.Thread(target=begin, args=(number,)) for number in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_threads_that_begin_at_once_all_get_their_answers() -> None:
    for _ in range(3):
        ended = subprocess.run(
            [sys.executable, "-c", BEGIN_AT_ONCE], capture_output=True, text=True, check=False
        )
        assert (ended.returncode, ended.stderr) == (0, "")
