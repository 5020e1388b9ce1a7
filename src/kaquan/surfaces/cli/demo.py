"""``kaquan demo``: a made-up national chain, and traffic in its stores."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console

from kaquan.foundation.configuration import current_configuration
from kaquan.surfaces.cli.installation import address_of, open_installation, report
from kaquan.surfaces.cli.output import Json, show, stderr, table
from kaquan.surfaces.cli.progress import ProgressBar
from kaquan.surfaces.cli.prove import prove_and_record

if TYPE_CHECKING:
    from kaquan.surfaces.demo.national_chain import DemoReport

PER_SECOND_MAX = 1_000


def demo(
    *,
    traffic: Annotated[
        float,
        typer.Option(
            "--traffic",
            metavar="PER_SECOND",
            min=0,
            max=PER_SECOND_MAX,
            help="装好后持续模拟流量，Ctrl-C 停止 · then keep simulated traffic going until Ctrl-C",
        ),
    ] = 0,
    json: Json = False,
) -> None:
    """装入演示发行方：全国连锁，只装一次 · Load the demo issuer, a national chain; only once."""
    with open_installation():
        loaded = load()

        def people(console: Console) -> None:
            console.print("✓ 演示发行方已就绪 · the demo issuer is ready", style="green")
            for name, count in msgspec.to_builtins(loaded).items():
                console.print(f"  {name}: {count}")

        show(msgspec.to_builtins(loaded), json=json, people=people)
        if not json:
            show_accounts()
            show_claim_pages()
        if traffic:
            _run_traffic(traffic)


def load() -> DemoReport:
    """Load the demo issuer where it is missing, and prove the ledger once it is there."""
    from kaquan.surfaces.demo.national_chain import load_national_chain

    with ProgressBar() as bar:
        loaded = load_national_chain(progress=bar.step)
        if loaded.answers:
            prove_and_record(bar)
        return loaded


def show_accounts() -> None:
    """An account for each role, its password shown here and nowhere else: only where people read,
    for what is not a terminal may be a log."""
    console = stderr()
    if not sys.stderr.isatty():
        report(
            "演示账号请在终端中运行 kaquan demo 查看",
            "run kaquan demo in a terminal to be given accounts",
        )
        return
    from kaquan.surfaces.demo.accounts import demo_accounts

    shown = table("用户名 User", "角色 Role", "一次性密码 One-time password")
    for one in demo_accounts():
        shown.add_row(one.username, one.role, one.password or "使用中 · in use")
    where = f"{address_of(current_configuration())}console/"
    console.print(f"\n  运营后台 · console  {where}", style="bold")
    console.print(shown)
    console.print(
        "  密码只显示这一次，首次登录须修改；忘记时：kaquan staff password 用户名\n"
        "  Shown once, to be changed at first login; when lost: kaquan staff password USER\n"
    )


def show_claim_pages() -> None:
    """Where to claim a voucher as a customer does, and where its SMS codes are written."""
    from kaquan.surfaces.demo.claim_pages import demo_links
    from kaquan.wallet.sms_gateways import DEMO_FILE

    configuration, console = current_configuration(), stderr()
    for link in demo_links():
        address = f"{address_of(configuration)}w/c/{link.token}"
        console.print(f"  领取页 · claim page  {address}  {link.name}", style="bold")
    codes = configuration.home / DEMO_FILE
    console.print(f"  短信验证码写在 · its SMS codes are in  {codes}\n", soft_wrap=True)


def _run_traffic(per_second: float) -> None:
    from kaquan.surfaces.demo.traffic import run_traffic

    stop = threading.Event()
    report(f"每秒约 {per_second:g} 笔", f"about {per_second:g} a second")
    try:
        run_traffic(stop, per_second)
    except KeyboardInterrupt:
        stop.set()
