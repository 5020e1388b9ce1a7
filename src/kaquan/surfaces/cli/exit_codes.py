"""What ``kaquan`` ends with, in one table."""

from enum import IntEnum

from kaquan.foundation.errors import ExitCode


class Ending(IntEnum):
    """Endings beyond those that the layers below know."""

    PROOF_FOUND_A_FAULT = 3
    INTERNAL_ERROR = 70
    INTERRUPTED = 130
    TERMINATED = 143


EXIT_CODES: tuple[tuple[int, str, str], ...] = (
    (ExitCode.OK, "完成", "done"),
    (ExitCode.FAILED, "被拒绝或未能完成，原因已说明", "refused or failed; the reason is told"),
    (ExitCode.USAGE, "用法有误，什么也没有做", "used wrongly; nothing was done"),
    (Ending.PROOF_FOUND_A_FAULT, "核对账本时发现差错", "the proof of the ledger found a fault"),
    (ExitCode.UNAVAILABLE, "数据库等所需的服务不可用", "a service such as the database is away"),
    (
        Ending.INTERNAL_ERROR,
        "程序自身出错，详情在日志中",
        "a fault of ours; the log has the details",
    ),
    (ExitCode.PERMISSION_DENIED, "没有权限", "permission denied"),
    (ExitCode.CONFIGURATION, "设置有误或不安全", "the settings are wrong or unsafe"),
    (Ending.INTERRUPTED, "被 Ctrl-C 中断", "interrupted by Ctrl-C"),
    (Ending.TERMINATED, "收到终止信号", "ended by a signal"),
)


def exit_code_table() -> str:
    """The table as a Markdown list, for the help of ``kaquan`` and the reference page."""
    lines = [f"- `{code:d}` {zh} · {en}" for code, zh, en in EXIT_CODES]
    return "**退出码 · Exit codes**\n\n" + "\n".join(lines)
