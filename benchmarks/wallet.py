"""What does a claim page weigh, and does a flash claim stay honest with thousands in line?

Bars: 100 KB for a first load with all that it names, compressed, as a browser gets it from a real
server; exactly the stock is given, to those who came first, and everybody has an answer.
"""

from __future__ import annotations

import http.client
import re
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import monotonic, perf_counter, sleep
from typing import NamedTuple
from urllib.parse import urlencode

from benchmarks.report import Report
from benchmarks.served import Served, served
from benchmarks.server import Bench

CLAIMERS, STOCK, AT_ONCE = 3_000, 1_000, 128
WEIGHT_BAR_KB = 100
PATIENCE_S = 300.0
_SECRET = "c" * 32


class Told(NamedTuple):
    """One claimer: how long it took, how often they asked, and where they were led."""

    took_s: float
    asked: int
    shed: int
    status: int
    location: str


def run(report: Report, bench: Bench) -> None:
    """Weigh the pages, then let thousands claim at once."""
    token, sessions = _set_up()
    with served(bench.configuration, workers=1) as server:
        _weigh(report, server, token, sessions[0])
        begun_s = perf_counter()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            told = list(pool.map(lambda one: _insist(server, token, one), sessions[1:]))
        took_s = perf_counter() - begun_s
        memory_mb = server.peak_memory_mb()[0]
    waits_s = sorted(one.took_s for one in told)
    report("flash claim: people", len(told), "people")
    report("flash claim: answered", len(told) / took_s, "people/s")
    report("flash claim: answer, median", waits_s[len(waits_s) // 2], "s")
    report("flash claim: answer, 95 %", waits_s[len(waits_s) * 95 // 100], "s")
    report("flash claim: requests a person", sum(one.asked for one in told) / len(told), "")
    report("flash claim: told to come back (503)", sum(one.shed for one in told), "answers")
    report("flash claim: biggest process", memory_mb, "MB", "< 300")
    _judge(report, token, told)


def _judge(report: Report, token: str, told: Sequence[Told]) -> None:
    from kaquan.wallet.models import LinkClaim
    from kaquan.wallet.waiting import left_of

    claims = list(LinkClaim.objects.filter(link__token=token).order_by("id"))[1:]  # the looker's
    winners = [one.id for one in claims if one.serial is not None]
    first = [one.id for one in claims][:STOCK]
    led = sum(one.location.startswith("/w/v/") for one in told)
    report("flash claim: vouchers given", len(winners), "vouchers", f"= {STOCK}")
    report("flash claim: people shown theirs", led, "people", f"= {STOCK}")
    report("flash claim: given out of turn", len(set(winners) - set(first)), "people", "= 0")
    report("flash claim: left without an answer", sum(not _answered(one) for one in told),
           "people", "= 0")  # fmt: skip
    report("flash claim: stock left", left_of(claims[0].link), "vouchers", "= 0")


def _answered(one: Told) -> bool:
    return one.location.startswith("/w/v/") or one.status == http.HTTPStatus.CONFLICT


def _weigh(report: Report, server: Served, token: str, session: str) -> None:
    claim, body = _get(server, f"/w/c/{token}", session)
    report("wallet: claim page, first load", claim / 1024, "KB", f"< {WEIGHT_BAR_KB}")
    done = _ask(server, f"/w/c/{token}", session, {"once": "b", "go": "1"})
    voucher, body = _get(server, done.location, session)
    assert b"data-secret" in body
    report("wallet: voucher page, first load", voucher / 1024, "KB", f"< {WEIGHT_BAR_KB}")


def _get(server: Served, path: str, session: str) -> tuple[int, bytes]:
    """The bytes of a page and of every file that it names, compressed; and the page."""
    import gzip

    weight, page = _fetch(server, path, session)
    body = gzip.decompress(page) if page[:2] == b"\x1f\x8b" else page
    for name in sorted(set(re.findall(rb'(?:src|href)="(/static/[^"]+)"', body))):
        weight += _fetch(server, name.decode(), session)[0]
    return weight, body


def _fetch(server: Served, path: str, session: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    headers = {"Cookie": f"kaquan_wallet={session}", "Accept-Encoding": "gzip"}
    connection.request("GET", path, headers=headers)
    body = connection.getresponse().read()
    connection.close()
    return len(body), body


def _insist(server: Served, token: str, session: str) -> Told:
    """Claim as a browser does: come back when told to, stand in the line, ask now and then."""
    begun_s, asked, shed = monotonic(), 0, 0
    form: dict[str, str] | None = {"once": "o", "go": "1"}
    path = f"/w/c/{token}"
    while monotonic() - begun_s < PATIENCE_S:
        told = _ask(server, path, session, form)
        asked += 1
        if told.status == http.HTTPStatus.SERVICE_UNAVAILABLE:
            shed += 1
            sleep(told.took_s)
        elif told.location.endswith("/line"):
            form, path = None, told.location
        elif told.status == http.HTTPStatus.OK:
            sleep(told.took_s)
        else:
            break
    return told._replace(took_s=monotonic() - begun_s, asked=asked, shed=shed)


def _ask(server: Served, path: str, session: str, form: dict[str, str] | None) -> Told:
    """One request; ``took_s`` is when to ask again."""
    headers = {"Cookie": f"kaquan_wallet={session}; csrftoken={_SECRET}"}
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        if form is None:
            connection.request("GET", path, headers=headers)
        else:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode({**form, "csrfmiddlewaretoken": _SECRET})
            connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
    except OSError:
        return Told(1.0, 0, 0, int(http.HTTPStatus.SERVICE_UNAVAILABLE), "")
    finally:
        connection.close()
    asks = re.findall(r'data-asks-s="(\d+)"', text)
    again_s = float(asks[0] if asks else answer.getheader("Retry-After") or 0)
    return Told(again_s, 0, 0, answer.status, answer.getheader("Location") or "")


def _set_up() -> tuple[str, list[str]]:
    """A campaign's link, and the sessions of so many members and of one who looks at the pages."""
    from kaquan.campaigns.actions import add_batch
    from kaquan.customers.models import Customer, PersonBasis
    from kaquan.engine.rules.terms import AfterClaim, AmountOff, Terms, Validity
    from kaquan.foundation import clock
    from kaquan.foundation.actor import system_actor
    from kaquan.surfaces.demo import setting_up
    from kaquan.wallet.links import create_link
    from kaquan.wallet.models import WalletSession
    from kaquan.wallet.sessions import GOOD_FOR, TOKEN_BYTES, token_hash

    actor, now = system_actor("benchmark"), clock.now()
    code = f"F{secrets.token_hex(4)}"
    campaign = setting_up.campaign(
        actor, code=code, name="整点抢券", kind="拉新", goal="拉新",
        starts_at=now - timedelta(days=1), ends_at=now + timedelta(days=9),
    )  # fmt: skip
    terms = Terms(benefit=AmountOff(amount_fen=2_000), validity=Validity(range=AfterClaim(days=30)))
    version = setting_up.offer(actor, code=code, name="整点抢券", terms=terms, at=now)
    batch = add_batch(
        actor=actor, campaign_id=campaign.id, name="抢券", version_id=version.id,
        quantity=STOCK + 1, at=now,
    )  # fmt: skip
    link = create_link(actor=actor, batch_id=batch.id, name="抢券", channel="app")
    members = Customer.objects.bulk_create(
        Customer(number=f"{code}{place}", person_id=place, person_basis=PersonBasis.NUMBER,
                 joined_at=now)
        for place in range(1, CLAIMERS + 2)
    )  # fmt: skip
    tokens = [secrets.token_urlsafe(TOKEN_BYTES) for _ in members]
    WalletSession.objects.bulk_create(
        WalletSession(token_hash=token_hash(token), customer=member, made_at=now,
                      ends_at=now + GOOD_FOR)
        for member, token in zip(members, tokens, strict=True)
    )  # fmt: skip
    return link.token, tokens
