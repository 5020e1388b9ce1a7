"""One place reads the wall clock."""

from __future__ import annotations

from collections.abc import Iterator

from tools.lints.imports import uses
from tools.lints.rule import Rule
from tools.lints.source import Finding, Source


class NaiveNow(Rule):
    """Two clocks in one request judge one voucher twice, at 23:59:59 and at 00:00:00."""

    name = "naive-now"
    good = (
        {"src/kaquan/foundation/clock.py": "import datetime\ndatetime.datetime.now()\n"},
        {"src/kaquan/surfaces/a.py": "from kaquan.foundation import clock\nat = clock.now()\n"},
        {"src/kaquan/ledger/a.py": "import time\nstarted_s = time.monotonic()\n"},
    )
    bad = (
        {"src/kaquan/surfaces/a.py": "from datetime import datetime\nat = datetime.now()\n"},
        {"src/kaquan/ledger/a.py": "from django.utils import timezone\nat = timezone.now()\n"},
        {"src/kaquan/ledger/a.py": "from django.utils.timezone import now\nat = now()\n"},
        {"tests/a.py": "import datetime as dt\ntoday = dt.date.today()\n"},
        {"benchmarks/a.py": "from datetime import datetime\nat = datetime.utcnow()\n"},
    )
    _banned = frozenset(
        {"datetime.date.today"}
        | {f"datetime.datetime.{name}" for name in ("now", "today", "utcnow")}
        | {f"django.utils.timezone.{name}" for name in ("localdate", "localtime", "now")}
    )

    def concerns(self, source: Source) -> bool:
        return source.is_python and source.path != "src/kaquan/foundation/clock.py"

    def inspect(self, source: Source) -> Iterator[Finding]:
        for node, name in uses(source.tree):
            if name in self._banned:
                message = f"{name}: take the time as an argument, or ask kaquan.foundation.clock"
                yield source.finding_at(self.name, message, node)
