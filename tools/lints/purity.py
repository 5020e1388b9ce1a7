"""The engine decides; it does not look around."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from tools.lints.imports import imported_modules, uses
from tools.lints.rule import Rule
from tools.lints.source import Finding, Source

_ENGINE = "src/kaquan/engine"


class EngineClockRandom(Rule):
    """An engine that reads a clock or draws a number decides otherwise when a block is replayed.

    Then nobody can tell a tampered ledger from a moody engine.
    """

    name = "engine-clock-random"
    good = (
        {
            f"{_ENGINE}/a.py": (
                "from datetime import datetime, time\n"
                "from uuid import UUID\n"
                "def opens(at: datetime) -> bool:\n"
                "    return at.time() >= time(9) and at > datetime(2026, 1, 1, tzinfo=at.tzinfo)\n"
            )
        },
        {"src/kaquan/foundation/ids.py": "import secrets\nkey = secrets.token_bytes(8)\n"},
    )
    bad = (
        {f"{_ENGINE}/a.py": "from datetime import datetime as dt\nat = dt.now()\n"},
        {f"{_ENGINE}/a.py": "import datetime\nat = datetime.datetime.utcnow()\n"},
        {f"{_ENGINE}/a.py": "from datetime import date\nnow = date.today\n"},
        {f"{_ENGINE}/a.py": "import time\n"},
        {f"{_ENGINE}/a.py": "from time import monotonic_ns\n"},
        {f"{_ENGINE}/rules/a.py": "import random\n"},
        {f"{_ENGINE}/a.py": "def f() -> None:\n    from secrets import token_hex\n"},
        {f"{_ENGINE}/a.py": "import uuid\nkey = uuid.uuid4()\n"},
        {f"{_ENGINE}/a.py": "from os import urandom\nkey = urandom(8)\n"},
    )
    _modules = frozenset({"random", "secrets", "time"})
    _members = frozenset(
        {"datetime.date.today", "os.getrandom", "os.urandom"}
        | {f"datetime.datetime.{name}" for name in ("now", "today", "utcnow")}
        | {f"uuid.uuid{version}" for version in (1, 4, 6, 7)}
    )

    def concerns(self, source: Source) -> bool:
        return source.is_python and source.inside(_ENGINE)

    def inspect(self, source: Source) -> Iterator[Finding]:
        for statement, module in imported_modules(source.tree):
            if module.partition(".")[0] in self._modules:
                message = f"{module}: let the command bring the time or the number"
                yield source.finding_at(self.name, message, statement)
        for node, name in uses(source.tree):
            if name in self._members:
                message = f"{name}: let the command bring it (`at`, a key made by the caller)"
                yield source.finding_at(self.name, message, node)


class EngineImports(Rule):
    """Whatever the engine imports, whoever trusts its decisions must trust and install too."""

    name = "engine-imports"
    good = (
        {
            f"{_ENGINE}/a.py": (
                "from __future__ import annotations\nimport hashlib\nfrom msgspec import Struct\n"
                "from kaquan.engine.money import allocate\n"
            )
        },
        {"src/kaquan/foundation/a.py": "import django\n"},
    )
    bad = (
        {f"{_ENGINE}/a.py": "import numpy\n"},
        {f"{_ENGINE}/a.py": "from kaquan.foundation.clock import now\n"},
        {f"{_ENGINE}/a.py": "from pathlib import Path\n"},
        {f"{_ENGINE}/a.py": "import os.path\n"},
        {f"{_ENGINE}/a.py": "import socket\n"},
    )
    _reaching_out = frozenset(
        {"asyncio", "http", "io", "multiprocessing", "os", "pathlib", "shutil", "socket", "sqlite3"}
        | {"subprocess", "tempfile", "threading", "urllib"}
    )
    _allowed = (sys.stdlib_module_names - _reaching_out) | {"msgspec"}

    def concerns(self, source: Source) -> bool:
        return source.is_python and source.inside(_ENGINE)

    def inspect(self, source: Source) -> Iterator[Finding]:
        for statement, module in imported_modules(source.tree):
            own = module == "kaquan.engine" or module.startswith("kaquan.engine.")
            if not own and module.partition(".")[0] not in self._allowed:
                message = f"{module}: only kaquan.engine, msgspec and what does no I/O"
                yield source.finding_at(self.name, message, statement)
