"""The server's settings: never less durable than PostgreSQL's own, sized for the machine."""

import os
from collections.abc import Mapping
from pathlib import Path

_MEGABYTE = 1024 * 1024
_CONTAINER_LIMIT_FILE = Path("/sys/fs/cgroup/memory.max")
MAX_CONNECTIONS = 200
SETTINGS_FILE = "kaquan.conf"


def machine_memory_mb() -> int:
    """The memory of this machine, or of the container that we are in, in MB."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = _CONTAINER_LIMIT_FILE.read_text(encoding="ascii").strip()
    except OSError:
        limit = "max"
    if limit.isdigit():
        memory_bytes = min(memory_bytes, int(limit))
    return memory_bytes // _MEGABYTE


def server_settings(*, memory_mb: int, socket_folder: Path, port: int) -> dict[str, str]:
    """All settings that differ from PostgreSQL's defaults, and those that must never differ.

    `port` 0 means that no network address is listened on.
    """
    socket_list = '"{}"'.format(str(socket_folder).replace('"', '""'))
    return {
        "listen_addresses": "127.0.0.1" if port else "",
        "port": str(socket_port(port)),
        "unix_socket_directories": socket_list,
        "unix_socket_permissions": "0700",
        "password_encryption": "scram-sha-256",
        "max_connections": str(MAX_CONNECTIONS),
        # Durability: written down although these are defaults, so that they survive edits.
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "wal_level": "replica",
        # Memory, by the usual fractions; a quarter is PostgreSQL's advice for shared_buffers.
        "shared_buffers": f"{_between(128, memory_mb // 4, 2048)}MB",
        "effective_cache_size": f"{max(256, memory_mb * 6 // 10)}MB",
        "maintenance_work_mem": f"{_between(64, memory_mb // 20, 512)}MB",
        "work_mem": f"{_between(4, memory_mb // 512, 32)}MB",
        # Fewer checkpoints mean fewer whole-page images on the path of a redemption. Uses touch
        # pages at random, so after a checkpoint nearly every touch logs one: compressing them with
        # pglz, all that this build has, made uses 2.5 times slower to save a third of the log.
        "max_wal_size": "4GB",
        "min_wal_size": "256MB",
        "checkpoint_timeout": "15min",
        "wal_compression": "off",
        "random_page_cost": "1.1",
        "jit": "off",
        "timezone": "UTC",
        "default_transaction_isolation": "read committed",
        # The log: a week of files, and neither statements nor values, which may hold codes or
        # phone numbers.
        "logging_collector": "on",
        "log_directory": "log",
        "log_filename": "postgresql-%a.log",
        "log_truncate_on_rotation": "on",
        "log_rotation_age": "1d",
        "log_rotation_size": "0",
        "log_timezone": "UTC",
        "log_lock_waits": "on",
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
        "log_parameter_max_length": "0",
    }


def socket_port(port: int) -> int:
    """The number in the socket's name."""
    return port or 5432


def render_settings(settings: Mapping[str, str]) -> str:
    """The text of a PostgreSQL configuration file."""
    lines = ["{} = '{}'".format(name, value.replace("'", "''")) for name, value in settings.items()]
    head = "# Written at every start of Kaquan. Your own settings go to the end of postgresql.conf."
    return "\n".join([head, *lines, ""])


def _between(least: int, wanted: int, most: int) -> int:
    return max(least, min(wanted, most))
