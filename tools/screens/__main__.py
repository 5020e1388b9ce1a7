"""Pictures of every screen with the demo issuer: ``python -m tools.screens [--home FOLDER]``.

They are written to docs/screens: the console's as on a desk, some as on a phone and in the dark,
the counter's (``tools.screens.counter``) as on a clerk's phone. Without a folder the demo issuer is
loaded into a new installation that is removed afterwards, which takes some minutes.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kaquan.staff.models import StaffUser

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs/screens"
WIDTHS = (1440, 390)
#: Files, what leads elsewhere at once, and what is about something of which no list knows.
ELSEWHERE = (
    "job-file", "print-face-preview", "slip-photo", "register-page", "register-page-picture",
    "campaign-draft", "campaign-draft-template", "campaign-draft-remove", "campaign-rework",
    "campaign-improve-terms", "paper-sign", "keying-settle",
)  # fmt: skip
DARK = ("campaigns", "batch")
PHONE = (
    "workbench", "campaigns", "campaign", "batches", "batch", "redemptions", "voucher-search",
    "voucher",
    "customers", "stores", "budgets", "batch-pause", "campaign-new",
    "campaign-wizard-face", "campaign-wizard-rules", "campaign-wizard-preview", "campaign-calendar",
)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=None)
    parser.add_argument("--to", type=Path, default=FOLDER)
    parser.add_argument("names", nargs="*")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kaquan-screens-") as temporary:
        Path(temporary).chmod(0o711)  # root's database runs as a user of its own
        os.environ["KAQUAN_HOME"] = str(asked.home or Path(temporary) / "home")
        # Playwright keeps an event loop in this thread, which Django's models do not work beside.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
        from kaquan.surfaces.cli.demo import load  # noqa: PLC0415  # needs its home first
        from kaquan.surfaces.cli.installation import open_installation  # noqa: PLC0415  # the same

        with open_installation():
            load()
            _take(asked.to, set(asked.names))
    return 0


def _take(folder: Path, names: set[str]) -> None:
    from kaquan.analytics.actions import Counters  # noqa: PLC0415  # needs Django set up
    from kaquan.foundation.configuration import current_configuration  # noqa: PLC0415
    from kaquan.foundation.django_setup import collect_static_files  # noqa: PLC0415  # set up now
    from kaquan.ledger.connections import connect_default  # noqa: PLC0415
    from tools.screens.counter import take_counter  # noqa: PLC0415
    from tools.screens.serving import serving, session_of  # noqa: PLC0415

    collect_static_files()
    counters = Counters(connect_default, current_configuration().time_zone)
    while counters.catch_up():
        pass
    counters.close()
    folder.mkdir(parents=True, exist_ok=True)
    session = session_of(_operator())
    addresses = [one for one in _addresses() if not names or one[0] in names]
    with serving() as url:
        take_counter(url, folder, names)
        _take_console(url, folder, addresses, session)


def _take_console(url: str, folder: Path, addresses: list[tuple[str, str]], session: str) -> None:
    from tools.screens.serving import as_user, chromium  # noqa: PLC0415

    with chromium() as browser:
        shots = [(width, "light") for width in WIDTHS] + [(WIDTHS[0], "dark")]
        for width, scheme in shots:
            context = as_user(browser, url, session, width=width, scheme=scheme)
            page = context.new_page()
            page.emulate_media(reduced_motion="reduce")  # no chart is caught while it grows
            for name, address in addresses:
                if (scheme == "dark" and name not in DARK) or (width < 1000 and name not in PHONE):
                    continue
                answer = page.goto(url + address)
                if answer is None or answer.status != 200:
                    sys.stderr.write(f"{name}: not shown\n")
                    continue
                shown = name if scheme == "light" else f"{name}-{scheme}"
                page.screenshot(path=folder / f"{shown}-{width}.png", full_page=width < 1000)
                sys.stdout.write(f"{shown}-{width}\n")
            context.close()


def _operator() -> StaffUser:
    """Someone who may see all of it; pictures are taken of an installation of one's own."""
    from kaquan.foundation import clock  # noqa: PLC0415  # needs Django set up
    from kaquan.foundation.actor import system_actor  # noqa: PLC0415
    from kaquan.staff.actions import create_staff  # noqa: PLC0415
    from kaquan.staff.granting import grant_role  # noqa: PLC0415
    from kaquan.staff.models import Role  # noqa: PLC0415
    from kaquan.staff.models import StaffUser as Account  # noqa: PLC0415
    from kaquan.surfaces.console.screens import SCREENS  # noqa: PLC0415

    known = Account.objects.filter(username="screens").first()
    if known is not None:
        return known
    beside = {"campaigns.edit", "keys.edit", "webhooks.edit", "voucher.care"}
    wanted = {screen.permission for screen in SCREENS} | beside
    role = Role.objects.create(
        code="screens", name_zh="全部页面", name_en="Every screen",
        permissions=sorted(wanted - {""}),
    )  # fmt: skip
    actor, now = system_actor("screens"), clock.now()
    made = create_staff(actor=actor, username="screens", name="李运营", at=now)
    grant_role(actor=actor, user_id=made.user.id, role_code=role.code, organisation_id=None, at=now)
    made.user.must_change_password = False
    made.user.save()
    return made.user


def _addresses() -> Iterator[tuple[str, str]]:
    """Every list, and the first thing of each list with what may be done to it."""
    from django.urls import reverse  # noqa: PLC0415  # needs Django set up

    from kaquan.foundation.actor import system_actor  # noqa: PLC0415
    from kaquan.foundation.paging import Paging  # noqa: PLC0415
    from kaquan.ledger.sessions import reading_session  # noqa: PLC0415
    from kaquan.surfaces.console.kit.fields import read_all  # noqa: PLC0415
    from kaquan.surfaces.console.screens import DETAILS, LISTS, OTHERS  # noqa: PLC0415

    actor = system_actor("screens")
    first: dict[str, object] = {}
    for screen in LISTS:
        yield screen.name, screen.address()
        values, _ = read_all(screen.query_fields(actor), {})
        rows = screen.page_of(actor, values, Paging(limit=1)).rows
        if rows:
            first[screen.name] = screen.key(rows[0])
    used = (
        reading_session()
        .execute("SELECT serial FROM ledger_voucher ORDER BY version DESC LIMIT 1")
        .fetchone()
    )
    if used is not None:
        first["voucher-search"] = used[0]
    for detail in DETAILS:
        key = first.get(detail.parent)
        if key is None:
            continue
        for tab in detail.tabs:
            name = detail.name if tab is detail.tabs[0] else f"{detail.name}-{tab.name}"
            yield name, f"{detail.address(key=key)}?tab={tab.name}"
        for action in detail.actions[:1]:
            named = {"key": key, "action": action.name}
            yield (
                f"{detail.name}-{action.name}",
                reverse(f"console:{detail.name}-action", kwargs=named),
            )
    yield "workbench", reverse("console:home")
    for other in OTHERS:
        if "<" not in other.path:
            yield other.name, other.address()
        elif other.name not in ELSEWHERE and "<slug" not in other.path and other.parent in first:
            yield other.name, other.address(key=first[other.parent])
    yield from _wizard()


def _wizard() -> Iterator[tuple[str, str]]:
    """Each step of a draft that could be handed in."""
    from django.urls import reverse  # noqa: PLC0415  # needs Django set up

    from kaquan.campaigns.draft_fields import STEPS  # noqa: PLC0415
    from kaquan.campaigns.drafts import begin_draft, save_draft  # noqa: PLC0415
    from kaquan.foundation import clock  # noqa: PLC0415
    from kaquan.foundation.actor import system_actor  # noqa: PLC0415

    actor, now = system_actor("screens"), clock.now()
    draft = begin_draft(actor=actor, template="amount-off", at=now)
    typed = {
        "name": "国庆满减", "brand": "雀港茶饮", "note_zh": "周末也可用", "quantity": "100,000",
        "colour": "teal", "try_1_sku": "拿铁", "try_1_quantity": "2", "try_1_price": "36",
        "try_2_sku": "蛋糕", "try_2_price": "45", "try_at": draft.content["starts_at"],
    }  # fmt: skip
    save_draft(
        actor=actor, draft_id=draft.id, revision=draft.revision, changes=typed, step=STEPS[-1],
        at=now,
    )  # fmt: skip
    for step in STEPS:
        named = {"key": draft.id, "step": step}
        yield f"campaign-wizard-{step}", reverse("console:campaign-wizard", kwargs=named)


if __name__ == "__main__":
    sys.exit(main())
