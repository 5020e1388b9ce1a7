"""Does the sandbox answer? For `kaquan doctor`."""

from __future__ import annotations

import socket

from kaquan.foundation.configuration import Configuration
from kaquan.foundation.postgres.sandbox import sandbox_home, sandbox_socket

ANSWER_S = 2.0


def sandbox_state(configuration: Configuration) -> tuple[bool, str, str]:
    """Whether it is as configured, and how it is in both languages."""
    if configuration.mode == "test":
        return True, "这是测试环境：只接受测试密钥", "a test installation: for test keys only"
    if not configuration.sandbox:
        return (
            True,
            "没有启用沙箱（KAQUAN_SANDBOX=0），测试密钥无处可用",
            "no sandbox (KAQUAN_SANDBOX=0), so nothing for test keys",
        )
    path = sandbox_socket(sandbox_home(configuration))
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(ANSWER_S)
        try:
            probe.connect(str(path))
        except OSError:
            return (
                False,
                "沙箱没有应答；它随 kaquan up 启动，若后者在运行请查看其日志",
                "the sandbox does not answer; it starts with kaquan up: if that runs, see its log",
            )
    return True, "沙箱正在运行", "the sandbox is running"
