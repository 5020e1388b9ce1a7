"""``kaquan keys``: who may call over HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from kaquan.access.permissions import PERMISSIONS
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.configuration import current_configuration
from kaquan.surfaces.cli import values
from kaquan.surfaces.cli.installation import open_installation
from kaquan.surfaces.cli.output import Json, plain, show, table

if TYPE_CHECKING:
    from kaquan.access.actions import NewKey
    from kaquan.access.queries import KeyLine

DAYS_MAX = 3_650

app = typer.Typer(
    name="keys",
    help="API 密钥：新建、列出、更换、吊销 · API keys: create, list, rotate, revoke",
    no_args_is_help=True,
    epilog="**权限 · Permissions**\n\n"
    + "\n".join(f"- `{one.name}` {one.zh} · {one.en}" for one in PERMISSIONS),
    rich_markup_mode="markdown",
)

Client = Annotated[
    str,
    typer.Argument(metavar="CLIENT", help="接入方名称，没有则新建 · the client; made if new"),
]
Allowed = Annotated[
    list[str],
    typer.Option("--allow", metavar="PERMISSION", help="权限，可重复 · may be repeated"),
]
KeyId = Annotated[
    str, typer.Argument(metavar="KEY", help="密钥中间的 8 位编号 · the 8 characters that name it")
]


@app.command("create")
def create_command(
    client: Client,
    permissions: Allowed,
    *,
    organisation: Annotated[
        str | None,
        typer.Option(
            "--organisation",
            metavar="CODE",
            help="接入方所属组织，默认全部 · the client's part of the tree (default: all of it)",
        ),
    ] = None,
    stores: Annotated[
        list[str] | None,
        typer.Option("--store", metavar="CODE", help="只限门店，可重复 · bound to stores"),
    ] = None,
    networks: Annotated[
        list[str] | None,
        typer.Option("--network", metavar="CIDR", help="只限网段，可重复 · bound to networks"),
    ] = None,
    publishable: Annotated[
        bool,
        typer.Option("--publishable", help="可放在小程序、网页中 · may be read by everyone"),
    ] = False,
    must_sign: Annotated[
        bool, typer.Option("--must-sign", help="请求须签名 · requests must be signed")
    ] = False,
    days: Annotated[
        int | None,
        typer.Option(min=1, max=DAYS_MAX, help="有效天数，默认长期 · days until it ends"),
    ] = None,
    as_: values.As = None,
    json: Json = False,
) -> None:
    """新建密钥，全文只显示这一次 · Create a key; its text is shown this once."""
    actor, at = values.acting(as_), clock.now()
    with open_installation():
        from django.db import transaction

        from kaquan.access.actions import create_key
        from kaquan.access.models import KeyKind

        with transaction.atomic():
            made = create_key(
                actor=actor,
                client_id=_client_id(actor, client, organisation, at),
                permissions=permissions,
                at=at,
                kind=KeyKind.PUBLISHABLE if publishable else KeyKind.SECRET,
                store_codes=stores or (),
                networks=networks or (),
                must_sign=must_sign,
                expires_at=at + timedelta(days=days) if days else None,
            )
        _show_new(actor, made, json=json)


@app.command("list")
def list_command(
    *,
    ended: Annotated[
        bool, typer.Option("--ended", help="也列出已失效的 · those that have ended, too")
    ] = False,
    as_: values.As = None,
    json: Json = False,
) -> None:
    """列出密钥 · List the keys."""
    actor, at = values.acting(as_), clock.now()
    with open_installation():
        from kaquan.access.queries import LIST_MAX, keys

        found: list[KeyLine] = []
        while page := keys(actor, after_id=found[-1].id if found else 0):
            found += page
            if len(page) < LIST_MAX:
                break
    lines = [line for line in found if ended or not line.has_ended(at)]

    def people(console: Console) -> None:
        if not lines:
            console.print("没有密钥 · there is no key")
            return
        shown = table(
            "密钥 Key", "接入方 Client", "种类 Kind", "权限 Permissions", "限于 Bound to",
            "到期 Ends", "上次使用 Last use",
        )  # fmt: skip
        for line in lines:
            shown.add_row(
                line.public_id,
                plain(line.client_name),
                f"{line.kind} {line.mode}",
                " ".join(line.permissions),
                _bounds(line),
                _ending(line, at),
                _local(line.last_used_at),
            )
        console.print(shown)

    show({"keys": [_as_json(line, at) for line in lines]}, json=json, people=people)


@app.command("rotate")
def rotate_command(
    key: KeyId,
    *,
    overlap: Annotated[
        int,
        typer.Option(
            "--overlap",
            metavar="HOURS",
            min=0,
            max=24 * 90,
            help="旧密钥还能用几小时 · hours for which the old one still works",
        ),
    ] = 24,
    as_: values.As = None,
    json: Json = False,
) -> None:
    """更换密钥：新旧并用一段时间 · Replace a key; for a while both work."""
    actor, at = values.acting(as_), clock.now()
    with open_installation():
        from kaquan.access.actions import rotate_key
        from kaquan.access.queries import key_by_public_id

        old = key_by_public_id(actor, key)
        made = rotate_key(actor=actor, key_id=old.id, at=at, overlap_hours=overlap)
        _show_new(actor, made, json=json, replaces=key)


@app.command("revoke")
def revoke_command(key: KeyId, *, as_: values.As = None, json: Json = False) -> None:
    """吊销密钥，一秒内处处失效 · End a key, everywhere within a second."""
    actor, at = values.acting(as_), clock.now()
    with open_installation():
        from kaquan.access.actions import revoke_key
        from kaquan.access.queries import key_by_public_id, key_line

        key_id = key_by_public_id(actor, key).id
        revoke_key(actor=actor, key_id=key_id, at=at)
        line = key_line(actor, key_id)

    def people(console: Console) -> None:
        console.print(f"✓ 已吊销 · revoked  {line.public_id}", style="green")

    show(_as_json(line, at), json=json, people=people)


def _client_id(actor: Actor, name: str, organisation: str | None, at: datetime) -> int:
    """The client of this name there, made when it is new."""
    from kaquan.access.actions import create_client
    from kaquan.access.queries import client_by_name
    from kaquan.organisations.queries import organisation_by_code, own_organisation_id

    organisation_id = (
        organisation_by_code(actor, organisation).id if organisation else own_organisation_id(actor)
    )
    known = client_by_name(actor, name, organisation_id)
    if known is not None:
        return known.id
    return create_client(actor=actor, name=name, at=at, organisation_id=organisation_id).id


def _show_new(actor: Actor, made: NewKey, *, json: bool, replaces: str | None = None) -> None:
    from kaquan.access.queries import key_line

    line, at = key_line(actor, made.key.id), made.key.created_at

    def people(console: Console) -> None:
        console.print(f"✓ 密钥 · key  {made.text}", style="green")
        if made.signing_secret:
            console.print(f"✓ 签名密钥 · signing secret  {made.signing_secret}", style="green")
        console.print("  只显示这一次，请立即妥善保存。")
        console.print("  Shown this once: put it away safely now.")
        console.print(plain(f"  接入方 client {line.client_id}: {line.client_name}"))
        console.print(f"  权限 permissions {' '.join(line.permissions)}")
        if _bounds(line):
            console.print(f"  限于 bound to {_bounds(line)}")
        if replaces:
            console.print(f"  旧密钥 {replaces} 到期后失效 · {replaces} ends after the overlap")

    value = _as_json(line, at) | {"text": made.text, "signing_secret": made.signing_secret}
    show(value, json=json, people=people)


def _as_json(line: KeyLine, at: datetime) -> dict[str, Any]:
    value: Mapping[str, Any] = line._asdict()
    lists: Sequence[str] = ("permissions", "store_ids", "networks")
    return {**value, **{name: list(value[name]) for name in lists}, "ended": line.has_ended(at)}


def _bounds(line: KeyLine) -> str:
    stores = f"{len(line.store_ids)} 家门店 stores" if line.store_ids else ""
    signed = "签名 signed" if line.must_sign else ""
    return " · ".join(filter(None, [stores, " ".join(line.networks), signed]))


def _ending(line: KeyLine, at: datetime) -> str:
    if line.revoked_at:
        return "已吊销 revoked"
    ended = " 已到期 ended" if line.has_ended(at) else ""
    return _local(line.expires_at) + ended


def _local(at: datetime | None) -> str:
    if at is None:
        return "—"
    return at.astimezone(current_configuration().time_zone).strftime("%Y-%m-%d %H:%M")
