"""wrk: the load generator, because one in Python would measure itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

_SCRIPT = Path(__file__).with_name("wrk.lua")
_INSTALL = ("apt-get", "install", "-y", "--no-install-recommends", "wrk")


class Load(Struct, frozen=True):
    """What came of a load. ``refused``: answers that are not 2xx or 3xx."""

    requests: int
    taken_us: int
    p50_us: int
    p99_us: int
    max_us: int
    refused: int
    broken: int
    timeouts: int

    @property
    def per_second(self) -> float:
        """Answers a second, refusals apart."""
        return (self.requests - self.refused) / (self.taken_us / 1e6)

    @property
    def failed(self) -> int:
        """How often there was no answer, or a refusal."""
        return self.refused + self.broken + self.timeouts


def require_wrk() -> str:
    """Where wrk is; root on Debian gets it installed, anybody else is told how."""
    found = shutil.which("wrk")
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-q"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(_INSTALL, check=True, stdout=subprocess.DEVNULL)
        found = shutil.which("wrk")
    if found is None:
        raise SystemExit(
            "✗ HTTP 基准测试需要 wrk。请运行：sudo apt-get install wrk\n"
            "  The HTTP benchmark needs wrk. Run: sudo apt-get install wrk (or brew install wrk)"
        )
    return found


def write_requests(path: Path, requests: Iterable[bytes]) -> int:
    """Write requests for the script; how many there were."""
    number = 0
    with path.open("wb") as file:
        for request in requests:
            file.write(b"%d\n" % len(request) + request)
            number += 1
    return number


def http_request(path: str, *, api_key: str, body: bytes, key: str | None) -> bytes:
    """One POST as it goes over the wire."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {api_key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    )
    if key is not None:
        head += f"Idempotency-Key: {key}\r\n"
    return head.encode() + b"\r\n" + body


def put_load(
    url: str,
    requests: Path,
    *,
    connections: int,
    longest_s: int,
    per_second: float | None = None,
) -> Load:
    """Send the requests, at most for so long; each connection waits for its answer.

    With ``per_second`` not more than so many in all, evenly; else as fast as answers come.
    """
    # One thread of wrk's sends far more than we answer, and leaves the other core to the server.
    command = [require_wrk(), "-t1", f"-c{connections}", f"-d{longest_s}s", "--timeout", "10s"]
    done = subprocess.run(
        [*command, "-s", _SCRIPT, url, "--", requests, str(per_second or "")],
        capture_output=True,
        text=True,
        check=False,
    )
    result = next((line for line in done.stdout.splitlines() if line.startswith("RESULT ")), None)
    assert result is not None, done.stdout + done.stderr
    return Load(**json.loads(result.removeprefix("RESULT ")))
