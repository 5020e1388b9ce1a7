"""Where the files of the embedded server lie."""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.locks import locked
from kaquan.foundation.postgres.account import give_to_server, server_account
from kaquan.foundation.private_files import make_folder

_SOCKET_PATH_BYTES_MAX = 103  # of sockaddr_un, with its final zero: 104 on macOS, 108 on Linux
_SOCKET_NAME_BYTES_MAX = len(".s.PGSQL.65535.lock")


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths below one home folder."""

    home: Path

    @property
    def root(self) -> Path:
        """Everything of the embedded server."""
        return self.home / "postgres"

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.root / "data"

    @property
    def server_lock(self) -> Path:
        """Held by every process of a living server, and by nobody else."""
        return self.root / "server.lock"

    @property
    def users_lock(self) -> Path:
        """Shared by every Kaquan process that uses the server."""
        return self.root / "users.lock"

    @property
    def turn_lock(self) -> Path:
        """Held while starting and stopping, so that two processes never do it at once."""
        return self.root / "turn.lock"

    @property
    def passwords(self) -> Path:
        """The passwords of the database roles."""
        return self.root / "passwords.json"

    @property
    def passwords_lock(self) -> Path:
        """Held while the passwords are made up."""
        return self.root / "passwords.lock"

    @property
    def programs(self) -> Path:
        """Copies of the programs, for a server that was started by root."""
        return self.root / "programs"

    @property
    def start_log(self) -> Path:
        """What the server said before it opened its own log in the data directory."""
        return self.root / "start.log"

    @property
    def socket_folder(self) -> Path:
        """Where the server's socket is: in the home, unless its path does not suit a socket."""
        inside = self.root / "socket"
        path_bytes = len(os.fsencode(inside)) + 1 + _SOCKET_NAME_BYTES_MAX
        if path_bytes <= _SOCKET_PATH_BYTES_MAX and "," not in str(inside):  # libpq splits there
            return inside
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]
        # The name can be guessed by others; `prepare_folders` checks whose folder it is.
        return Path(f"/tmp/kaquan-{os.geteuid()}-{digest}")  # noqa: S108

    def prepare_folders(self) -> None:
        """Create what is missing, as root the server's user too.

        Raises `folder_not_writable`, `postgres_account_missing`, `socket_folder_unsafe`.
        """
        make_folder(self.root)
        folder = self.socket_folder
        # Another process must not see the folder between its birth and its change of owner.
        with locked(self.root / "folders.lock"):
            if not folder.is_symlink() and not folder.exists():
                folder.mkdir(mode=0o700)
                folder.chmod(0o700)  # whatever the umask
                give_to_server(folder)
        account = server_account()
        status = folder.lstat()
        is_ours = stat.S_ISDIR(status.st_mode) and status.st_uid == account.uid
        if not is_ours or stat.S_IMODE(status.st_mode) != 0o700:
            raise KaquanError(
                "socket_folder_unsafe",
                zh=f"套接字目录 {folder} 不属于 {account.name}，或权限不是 700；请删除后重试。",
                en=f"The socket folder {folder} does not belong to {account.name} with mode 700; "
                "remove it and try again.",
                exit_code=ExitCode.PERMISSION_DENIED,
            )
