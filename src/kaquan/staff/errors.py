"""What can go wrong with accounts and roles."""

from collections.abc import Iterable

from kaquan.foundation.errors import ExitCode, KaquanError


def staff_unknown(wanted: int | str) -> KaquanError:
    """It does not exist, or lies outside the actor's part of the tree: both look alike."""
    return KaquanError(
        "staff_unknown",
        zh=f"没有员工账号“{wanted}”，或不在您的管辖范围内。",
        en=f'There is no account "{wanted}", or not in your part of the tree.',
    )


def username_taken(username: str) -> KaquanError:
    """Somebody has it, perhaps somewhere else in the tree."""
    return KaquanError(
        "username_taken",
        zh=f"用户名“{username}”已被使用；请换一个。",
        en=f'The user name "{username}" is taken; choose another one.',
    )


def role_unknown(code: str) -> KaquanError:
    """There is no such role."""
    return KaquanError("role_unknown", zh=f"没有角色“{code}”。", en=f'There is no role "{code}".')


def role_exists(code: str) -> KaquanError:
    """Somebody has it, perhaps somewhere else in the tree."""
    return KaquanError(
        "role_exists",
        zh=f"角色编码“{code}”已被使用；请换一个。",
        en=f'The role code "{code}" is taken; choose another one.',
    )


def role_fixed(zh: str, en: str) -> KaquanError:
    """A role that is the same everywhere."""
    return KaquanError(
        "role_fixed",
        zh=f"“{zh}”是内置角色，不能这样改；可以另建一个角色。",
        en=f'"{en}" is a built-in role and cannot be changed so; compose one of your own.',
    )


def role_changed_meanwhile(zh: str, en: str) -> KaquanError:
    """Somebody else was quicker."""
    return KaquanError(
        "role_changed",
        zh=f"角色“{zh}”刚被别人改过；请看过新内容再改。",
        en=f'The role "{en}" was changed by somebody else just now; look at it first.',
    )


def own_role(zh: str, en: str) -> KaquanError:
    """Nobody gets further by a role that they hold."""
    return _denied(
        f"您自己持有角色“{zh}”，不能给它加上自己没有的权限。",
        f'You hold the role "{en}" yourself and cannot add to it what you do not hold.',
    )


def administrators_only(names: Iterable[str]) -> KaquanError:
    """What is kept apart stays so."""
    listed = ", ".join(sorted(names))
    return _denied(
        f"这些权限只属于内置的管理员角色：{listed}。",
        f"These belong to the built-in administrators' roles alone: {listed}.",
    )


def role_elsewhere(zh: str, en: str) -> KaquanError:
    """A role is held in the part of the tree that it was made for."""
    return KaquanError(
        "role_elsewhere",
        zh=f"角色“{zh}”只能在它所属的组织及其下级授予。",
        en=f'The role "{en}" can be held in the part of the tree that it belongs to only.',
    )


def announcement_unknown(wanted: int) -> KaquanError:
    """It does not exist, or lies outside the actor's part of the tree: both look alike."""
    return KaquanError(
        "announcement_unknown",
        zh=f"没有公告“{wanted}”，或不在您的管辖范围内。",
        en=f'There is no announcement "{wanted}", or not in your part of the tree.',
    )


def grant_unknown(grant_id: int) -> KaquanError:
    """It does not exist, has ended, or lies outside the actor's part of the tree."""
    return KaquanError(
        "grant_unknown",
        zh=f"没有授权“{grant_id}”，或已收回，或不在您的管辖范围内。",
        en=f'There is no grant "{grant_id}", or it was revoked, or is not in your part of the '
        "tree.",
    )


def grant_exists(username: str, role: str) -> KaquanError:
    """The same role at the same node is held already."""
    return KaquanError(
        "grant_exists",
        zh=f"{username} 在该组织已有角色“{role}”；要改期限，请先收回。",
        en=f'{username} holds the role "{role}" there already; to change its days, revoke it '
        "first.",
    )


def session_unknown(session_id: int) -> KaquanError:
    """It has ended, or is somebody else's."""
    return KaquanError(
        "session_unknown",
        zh=f"没有登录会话“{session_id}”，或已结束。",
        en=f'There is no session "{session_id}", or it has ended.',
    )


def beyond_own_rights(names: Iterable[str]) -> KaquanError:
    """Nobody gives away or takes what they do not hold."""
    listed = ", ".join(sorted(names))
    return _denied(
        f"您自己没有的权限不能授予或收回：{listed}。",
        f"You cannot grant or revoke what you do not hold: {listed}.",
    )


def own_account() -> KaquanError:
    """What one may do is for others to say."""
    return _denied(
        "不能更改自己的授权，也不能停用自己的账号；请由他人操作。",
        "You cannot change your own roles or disable your own account; ask somebody else.",
    )


def administrators_are_made_at_the_machine(username: str) -> KaquanError:
    """From within, nobody makes an administrator or becomes one."""
    return _denied(
        f"{username}：系统、安全、审计管理员的授权、密码和二次验证只能在服务器上用 kaquan staff "
        "办理。",
        f"{username}: roles, passwords and second factors of the system, security and audit "
        "administrators are dealt with on the server only, by kaquan staff.",
    )


def account_reaches_further(username: str) -> KaquanError:
    """Who may act elsewhere too is not for one part of the tree to stop or to open."""
    return _denied(
        f"{username} 在您的管辖范围之外也有角色；请由上级办理。",
        f"{username} holds a role outside your part of the tree as well; ask those above you.",
    )


def administrators_separated(username: str) -> KaquanError:
    """System, security and audit administrators are three people."""
    return KaquanError(
        "administrators_separated",
        zh=f"{username} 已是另一类管理员：系统、安全、审计管理员须由三人分别担任。",
        en=f"{username} is an administrator of another kind: system, security and audit "
        "administrators must be three people.",
    )


def account_not_locked(username: str) -> KaquanError:
    """Nothing stands in the way of its owner."""
    return KaquanError(
        "account_not_locked",
        zh=f"账号“{username}”没有被锁定，可以直接登录。",
        en=f'The account "{username}" is not locked out: its owner may log in.',
    )


def password_too_weak(reasons: Iterable[str]) -> KaquanError:
    """The password is short, common or like the name."""
    listed = " ".join(reasons)
    return KaquanError(
        "value_invalid",
        zh=f"密码不合要求：{listed}",
        en=f"The password will not do: {listed}",
        exit_code=ExitCode.USAGE,
    )


def value_invalid(zh: str, en: str) -> KaquanError:
    """An argument that makes no sense."""
    return KaquanError("value_invalid", zh=zh, en=en, exit_code=ExitCode.USAGE)


def _denied(zh: str, en: str) -> KaquanError:
    return KaquanError("permission_denied", zh=zh, en=en, exit_code=ExitCode.PERMISSION_DENIED)
