"""``kaquan codes signing-keys``: the keys that sign codes, replaced and revoked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from kaquan.foundation import clock
from kaquan.foundation.configuration import current_configuration
from kaquan.surfaces.cli import values
from kaquan.surfaces.cli.installation import open_installation
from kaquan.surfaces.cli.output import Json, show, table

if TYPE_CHECKING:
    from kaquan.foundation.keys import KeyStanding

app = typer.Typer(
    name="signing-keys",
    help="签名密钥：列出、更换、吊销 · Keys that sign codes: list, replace, revoke",
    no_args_is_help=True,
)


@app.command("list")
def list_command(*, as_: values.As = None, json: Json = False) -> None:
    """列出签名密钥 · List the keys that sign codes."""
    with open_installation():
        from kaquan.offline.signing_keys import signing_keys

        found = signing_keys(values.acting(as_))

    def people(console: Console) -> None:
        shown = table("编号 No.", "状态 State", "指纹 Fingerprint", "建立 Made", "吊销 Revoked")
        for one in found:
            shown.add_row(
                str(one.key_id),
                one.status,
                one.fingerprint,
                f"{one.created_at:%Y-%m-%d %H:%M %Z}",
                f"{one.revoked_at:%Y-%m-%d %H:%M %Z}" if one.revoked_at else "",
            )
        console.print(shown)

    show({"keys": [_as_json(one) for one in found]}, json=json, people=people)


@app.command("replace")
def replace_command(*, as_: values.As = None, json: Json = False) -> None:
    """启用新的签名密钥；旧密钥签过的仍有效 · Sign with a new key; what older ones signed stays."""
    with open_installation():
        from kaquan.offline.signing_keys import replace_signing_key

        active = replace_signing_key(actor=values.acting(as_))

    def people(console: Console) -> None:
        console.print(f"✓ 新签名密钥 · new signing key  {active.key_id}", style="green")
        _tell_backup(console)

    show(_as_json(active), json=json, people=people)


@app.command("revoke")
def revoke_command(
    key: Annotated[
        int, typer.Argument(metavar="NUMBER", help="密钥编号 · the key's number", min=1)
    ],
    *,
    as_: values.As = None,
    json: Json = False,
) -> None:
    """吊销泄露的签名密钥：它签的码处处不再受理 · Revoke a key: what it signed is taken nowhere."""
    with open_installation():
        from kaquan.offline.signing_keys import revoke_signing_key

        active = revoke_signing_key(actor=values.acting(as_), key_id=key, at=clock.now())

    def people(console: Console) -> None:
        console.print(f"✓ 已吊销 · revoked  {key}", style="green")
        console.print(
            "  它签过的二维码在线即刻不再受理；各设备下次联网（10 分钟内）起离线也不再受理。"
        )
        console.print("  券仍有效：请输入券面的 20 位券码核销，或用新密钥重新导出带签名的券码。")
        console.print("  What it signed is taken no more: online from now on, offline from each")
        console.print("  device's next contact. The vouchers stay good by their 20-symbol codes.")
        console.print(f"  现用密钥 · signing now  {active.key_id}")
        _tell_backup(console)

    show({"revoked": key, "active": active.key_id}, json=json, people=people)


def _tell_backup(console: Console) -> None:
    path = current_configuration().key_file
    console.print(
        f"  请备份密钥文件，并复制到每台服务器 · back it up, and onto every server: {path}"
    )


def _as_json(one: KeyStanding) -> dict[str, object]:
    return {
        "key_id": one.key_id,
        "status": one.status,
        "fingerprint": one.fingerprint,
        "created_at": one.created_at.isoformat(),
        "revoked_at": one.revoked_at.isoformat() if one.revoked_at else None,
    }
