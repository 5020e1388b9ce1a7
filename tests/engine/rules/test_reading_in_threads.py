"""Many threads may read their first terms at once: msgspec alone would end the process then."""

import subprocess
import sys

BEGIN_AT_ONCE = """
import sys, threading
from kaquan.engine.rules.reading import read_terms
from kaquan.engine.rules.terms import Terms

raw = (
    b'{"benefit": {"kind": "amount_off", "amount_fen": 2000}, "validity": {"range":'
    b' {"kind": "fixed_range", "first_day": "2026-11-01", "last_day": "2026-12-31"}}}'
)
sys.setswitchinterval(1e-7)
together = threading.Barrier(8)
read = []

def begin():
    together.wait()
    read.append(read_terms(raw))

threads = [threading.Thread(target=begin) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert len(read) == 8 and all(isinstance(terms, Terms) for terms in read), read
"""


def test_threads_that_read_their_first_terms_at_once_all_get_them() -> None:
    for _ in range(3):
        ended = subprocess.run(
            [sys.executable, "-c", BEGIN_AT_ONCE], capture_output=True, text=True, check=False
        )
        assert (ended.returncode, ended.stderr) == (0, "")
