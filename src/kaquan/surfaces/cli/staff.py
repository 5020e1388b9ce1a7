"""``kaquan staff``: the first administrator, and what is done for administrators at the machine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.surfaces.cli import values
from kaquan.surfaces.cli.installation import open_installation
from kaquan.surfaces.cli.output import Json, plain, show, table

if TYPE_CHECKING:
    from kaquan.staff.models import RoleGrant, StaffUser

DAYS_MAX = 3_650

app = typer.Typer(
    name="staff",
    help="员工账号与角色 · staff accounts and roles",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

Username = Annotated[str, typer.Argument(metavar="USERNAME", help="用户名 · the user name")]
Organisation = Annotated[
    str | None,
    typer.Option(
        "--organisation",
        metavar="CODE",
        help="所在组织的编码，默认总部（全部） · a node of the tree (default: all of it)",
    ),
]
Days = Annotated[
    int | None,
    typer.Option(min=1, max=DAYS_MAX, help="有效天数，默认长期 · days until it ends"),
]
AskPassword = Annotated[
    bool,
    typer.Option(
        "--ask",
        help="在终端输入密码；不加则生成临时密码 · type the password; without it a temporary one "
        "is made",
    ),
]


@app.command("create")
def create_command(
    username: Username,
    name: Annotated[str, typer.Argument(metavar="NAME", help="姓名 · the person's name")],
    *,
    roles: Annotated[
        list[str] | None,
        typer.Option("--role", metavar="ROLE", help="角色，可重复 · a role, may be repeated"),
    ] = None,
    email: Annotated[str, typer.Option(metavar="ADDRESS", help="邮箱 · e-mail")] = "",
    organisation: Organisation = None,
    days: Days = None,
    ask: AskPassword = False,
    as_: values.As = None,
    json: Json = False,
) -> None:
    """新建账号，可同时授予角色；临时密码只显示这一次 · Create an account, with roles if named."""
    actor, at, password = values.acting(as_), clock.now(), _typed_password(ask=ask)
    with open_installation():
        from django.db import transaction

        from kaquan.staff.actions import create_staff
        from kaquan.staff.granting import grant_role
        from kaquan.staff.queries import grants_of

        with transaction.atomic():
            organisation_id = _organisation_id(actor, organisation)
            made = create_staff(
                actor=actor,
                username=username,
                name=name,
                email=email,
                at=at,
                organisation_id=organisation_id,
                password=password,
            )
            for role in roles or ():
                grant_role(
                    actor=actor,
                    user_id=made.user.id,
                    role_code=role,
                    organisation_id=organisation_id,
                    at=at,
                    ends_at=_ending(at, days),
                )
        line = _as_json(made.user, grants_of(actor, made.user.id))
    _show_access("✓ 账号 · account", line, made.temporary_password, json=json)


@app.command("list")
def list_command(*, as_: values.As = None, json: Json = False) -> None:
    """列出账号和各自的角色 · List the accounts and their roles."""
    actor = values.acting(as_)
    with open_installation():
        from kaquan.staff.queries import LIST_MAX, grants_of, staff

        lines: list[dict[str, Any]] = []
        while page := staff(actor, after_username=lines[-1]["username"] if lines else ""):
            lines += [_as_json(user, grants_of(actor, user.id)) for user in page]
            if len(page) < LIST_MAX:
                break

    def people(console: Console) -> None:
        if not lines:
            console.print("没有账号 · there is no account")
            return
        shown = table("用户名 User", "姓名 Name", "组织 Belongs to", "角色 Roles", "状态 State")
        for line in lines:
            held = " ".join(f"{one['role']}@{one['organisation'] or '*'}" for one in line["roles"])
            state = "启用 active" if line["active"] else "停用 disabled"
            belongs_to = line["organisation"] or "*"
            shown.add_row(line["username"], plain(line["name"]), belongs_to, held, state)
        console.print(shown)

    show({"staff": lines}, json=json, people=people)


@app.command("roles")
def roles_command(*, as_: values.As = None, json: Json = False) -> None:
    """列出角色 · List the roles."""
    actor = values.acting(as_)
    with open_installation():
        from kaquan.staff.queries import roles

        lines: list[dict[str, Any]] = [
            {
                "code": role.code,
                "name_zh": role.name_zh,
                "name_en": role.name_en,
                "permissions": list(role.permissions),
                "administers": role.administers,
                "must_use_second_factor": role.must_use_second_factor,
            }
            for role in roles(actor)
        ]

    def people(console: Console) -> None:
        shown = table("角色 Role", "名称 Name", "二次验证 2FA", "权限 Permissions")
        for line in lines:
            names = f"{line['name_zh']} {line['name_en']}"
            must = "必须 must" if line["must_use_second_factor"] else ""
            shown.add_row(line["code"], names, must, " ".join(line["permissions"]))
        console.print(shown)

    show({"roles": lines}, json=json, people=people)


@app.command("grant")
def grant_command(
    username: Username,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="角色 · the role")],
    *,
    organisation: Organisation = None,
    days: Days = None,
    as_: values.As = None,
    json: Json = False,
) -> None:
    """授予角色：在该组织及其下属范围内 · Grant a role at a node and below."""
    actor, at = values.acting(as_), clock.now()
    with open_installation():
        from kaquan.staff.granting import grant_role
        from kaquan.staff.queries import staff_by_username

        user = staff_by_username(actor, username)
        grant = grant_role(
            actor=actor,
            user_id=user.id,
            role_code=role,
            organisation_id=_organisation_id(actor, organisation),
            at=at,
            ends_at=_ending(at, days),
        )
        line = {"username": user.username, **_grant_as_json(grant)}
    _say("✓ 已授予 · granted", line, json=json)


@app.command("revoke")
def revoke_command(
    grant: Annotated[
        int, typer.Argument(metavar="GRANT", help="授权编号，见 list --json · its number")
    ],
    *,
    as_: values.As = None,
    json: Json = False,
) -> None:
    """收回角色，立即生效 · Revoke a role, at once."""
    actor, at = values.acting(as_), clock.now()
    with open_installation():
        from kaquan.staff.granting import revoke_role

        revoked = revoke_role(actor=actor, grant_id=grant, at=at)
        line = {"username": revoked.user.username, **_grant_as_json(revoked)}
    _say("✓ 已收回 · revoked", line, json=json)


@app.command("disable")
def disable_command(username: Username, *, as_: values.As = None, json: Json = False) -> None:
    """停用账号，各处立即退出 · Disable an account and log it out everywhere."""
    _set_active(username, active=False, as_=as_, json=json)


@app.command("enable")
def enable_command(username: Username, *, as_: values.As = None, json: Json = False) -> None:
    """重新启用账号 · Let an account go on."""
    _set_active(username, active=True, as_=as_, json=json)


@app.command("password")
def password_command(
    username: Username, *, ask: AskPassword = False, as_: values.As = None, json: Json = False
) -> None:
    """重置密码，各处立即退出 · Reset a password and end the account's sessions."""
    actor, at, password = values.acting(as_), clock.now(), _typed_password(ask=ask)
    with open_installation():
        from kaquan.staff.actions import reset_password
        from kaquan.staff.queries import grants_of, staff_by_username

        user = staff_by_username(actor, username)
        made = reset_password(actor=actor, user_id=user.id, at=at, password=password)
        line = _as_json(made.user, grants_of(actor, user.id))
    _show_access("✓ 密码已重置 · password reset", line, made.temporary_password, json=json)


@app.command("second-factor")
def second_factor_command(username: Username, *, as_: values.As = None, json: Json = False) -> None:
    """清除丢失的二次验证和通行密钥 · Take lost second factors and passkeys away."""
    actor, at = values.acting(as_), clock.now()
    with open_installation():
        from kaquan.staff.actions import reset_second_factor
        from kaquan.staff.queries import staff_by_username

        user = staff_by_username(actor, username)
        reset_second_factor(actor=actor, user_id=user.id, at=at)
    _say("✓ 已清除 · taken away", {"username": user.username}, json=json)


@app.command("unlock")
def unlock_command(
    username: Username,
    reason: Annotated[str, typer.Argument(metavar="REASON", help="原因 · why")],
    *,
    as_: values.As = None,
    json: Json = False,
) -> None:
    """密码输错过多被锁定时立即解锁 · Let somebody log in again who was locked out."""
    actor, at = values.acting(as_), clock.now()
    with open_installation():
        from kaquan.staff.actions import unlock_login
        from kaquan.staff.queries import staff_by_username

        user = staff_by_username(actor, username)
        unlock_login(actor=actor, user_id=user.id, reason=reason, at=at)
    _say("✓ 已解锁 · unlocked", {"username": user.username}, json=json)


def _set_active(username: str, *, active: bool, as_: Actor | None, json: bool) -> None:
    actor = values.acting(as_)
    with open_installation():
        from kaquan.staff.actions import set_staff_active
        from kaquan.staff.queries import grants_of, staff_by_username

        user = staff_by_username(actor, username)
        user = set_staff_active(actor=actor, user_id=user.id, active=active)
        line = _as_json(user, grants_of(actor, user.id))
    _say("✓ 已启用 · enabled" if active else "✓ 已停用 · disabled", line, json=json)


def _typed_password(*, ask: bool) -> str | None:
    if not ask:
        return None
    return str(typer.prompt("密码 · password", hide_input=True, confirmation_prompt=True))


def _organisation_id(actor: Actor, code: str | None) -> int | None:
    from kaquan.organisations.queries import organisation_by_code

    return organisation_by_code(actor, code).id if code else None


def _ending(at: datetime, days: int | None) -> datetime | None:
    return at + timedelta(days=days) if days else None


def _as_json(user: StaffUser, grants: Sequence[RoleGrant]) -> dict[str, Any]:
    return {
        "id": user.id,
        "username": user.username,
        "name": user.name,
        "organisation": user.organisation.code if user.organisation else None,
        "active": user.is_active,
        "roles": [_grant_as_json(grant) for grant in grants],
    }


def _grant_as_json(grant: RoleGrant) -> dict[str, Any]:
    return {
        "id": grant.id,
        "role": grant.role_id,
        "organisation": grant.organisation.code if grant.organisation else None,
        "starts_at": grant.starts_at,
        "ends_at": grant.ends_at,
    }


def _say(done: str, line: dict[str, Any], *, json: bool) -> None:
    def people(console: Console) -> None:
        console.print(f"{done}  {line['username']}", style="green")

    show(line, json=json, people=people)


def _show_access(done: str, line: dict[str, Any], password: str | None, *, json: bool) -> None:
    def people(console: Console) -> None:
        console.print(f"{done}  {line['username']}", style="green")
        for role in line["roles"]:
            console.print(f"  角色 role {role['role']} @ {role['organisation'] or '*'}")
        if password is not None:
            console.print(f"  临时密码 temporary password  {password}", style="bold")
            console.print(
                "  只显示这一次，首次登录须修改。Shown once; to be changed at first login."
            )

    show(line | {"temporary_password": password}, json=json, people=people)
