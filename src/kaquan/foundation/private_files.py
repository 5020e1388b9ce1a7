"""Small files that only their owner may read: keys and passwords.

They are replaced whole (temporary file, fsync, rename), so a reader sees the old content or the
new, whatever happens in between.
"""

import os
import stat
from pathlib import Path

from kaquan.foundation.errors import ExitCode, KaquanError

_PRIVATE_FILE_MODE = 0o600
# Others may pass through (as root, the embedded database's user must) but not look around.
_FOLDER_MODE = 0o711


def read_private_file(path: Path) -> bytes:
    """The whole content.

    Raises `private_file_exposed` if someone else may read or replace it, `private_file_unreadable`
    if we may not read it, and `FileNotFoundError`.
    """
    try:
        opened = path.open("rb")
    except PermissionError:
        raise KaquanError(
            "private_file_unreadable",
            zh=f"当前用户无权读取 {path}；请以运行卡券的用户执行。",
            en=f"This user may not read {path}; run this as the user who runs Kaquan.",
            exit_code=ExitCode.PERMISSION_DENIED,
        ) from None
    # Checked on the open file: between a check of the path and its opening it could be replaced.
    with opened as file:
        status = os.fstat(file.fileno())
        if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
            raise KaquanError(
                "private_file_exposed",
                zh=f"{path} 可能被他人读取，已拒绝使用。请确认它属于运行卡券的用户，"
                f"并执行：chmod 600 '{path}'；若已泄露请轮换密钥。",
                en=f"{path} may be read by others and is not used. Make sure that it belongs to "
                f"the user who runs Kaquan and run: chmod 600 '{path}'; rotate what has leaked.",
                exit_code=ExitCode.PERMISSION_DENIED,
            )
        return file.read()


def write_private_file(path: Path, content: bytes) -> None:
    """Replace the file in one step that survives a power cut."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    temporary.unlink(missing_ok=True)  # left by an earlier process of the same number
    descriptor = os.open(
        temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _PRIVATE_FILE_MODE
    )
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    fsync_folder(path.parent)


def fsync_folder(folder: Path) -> None:
    """Make the names in a folder (creations, renames) survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Create the folder, and the missing ones above it, for private files of its owner.

    Raises `folder_not_writable`.
    """
    try:
        missing = [path for path in (folder, *folder.parents) if not path.exists()]
        for path in reversed(missing):
            path.mkdir(exist_ok=True)
            path.chmod(_FOLDER_MODE)  # whatever the umask
        writable = folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
    except OSError:
        writable = False
    if not writable:
        raise KaquanError(
            "folder_not_writable",
            zh=f"无法写入目录 {folder}；请检查权限，或用 KAQUAN_HOME 指定其他目录。",
            en=f"The folder {folder} cannot be written to; check its permissions, "
            "or name another one with KAQUAN_HOME.",
            exit_code=ExitCode.CONFIGURATION,
        )
