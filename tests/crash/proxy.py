"""A wire between a client and PostgreSQL that a test may cut, knowing exactly what went over it.

It speaks enough of PostgreSQL's protocol (version 3, the client's side) to see a COMMIT go by, sent
as text or as a prepared statement.
"""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict, make_conninfo

SOCKET = ".s.PGSQL.{port}"
CHUNK = 65_536
HEAD_SIZE = 5  # a message begins with its kind and its size
WAIT_S = 20.0

#: What to do with a COMMIT that is about to be passed on.
OnCommit = Callable[["Wire", bytes], None]


class Wire:
    """One client's connection through the proxy."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client, self.server = client, server
        self._commits: set[bytes] = set()  # names of prepared statements that are a COMMIT

    def cut_client(self) -> None:
        """The client sees its connection end; the server's side stays."""
        _close(self.client)

    def cut_server(self) -> None:
        """The server sees its connection end."""
        _close(self.server)

    def is_commit(self, kind: bytes, body: bytes) -> bool:
        """Whether a message of the client asks to commit."""
        if kind == b"Q":
            return body.rstrip(b"\0") == b"COMMIT"
        if kind == b"P":
            name, query, _ = body.split(b"\0", 2)
            if query != b"COMMIT":
                self._commits.discard(name)  # a statement without a name is soon another
                return False
            self._commits.add(name)
            return not name
        if kind == b"B":
            _, name, _ = body.split(b"\0", 2)
            return name in self._commits
        return False


class Proxy:
    """Listens on its own socket, passes everything on, hands the next COMMIT to ``on_commit``."""

    def __init__(self, folder: Path, url: str) -> None:
        parameters = conninfo_to_dict(url)
        port = parameters.get("port") or "5432"
        self._target = f"{parameters['host']}/{SOCKET.format(port=port)}"
        self._folder = folder
        self.url = _with_host(url, str(parameters["host"]), folder)
        self.on_commit: OnCommit | None = None
        self.wires: list[Wire] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / SOCKET.format(port=port)))
        self._listener.listen()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def __enter__(self) -> "Proxy":
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Cut everything and end."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for wire in self.wires:
            wire.cut_client()
            wire.cut_server()
        for thread in self._threads:
            thread.join(WAIT_S)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._target)
            wire = Wire(client, server)
            self.wires.append(wire)
            for task in (self._pass_up, self._pass_down):
                thread = threading.Thread(target=task, args=(wire,))
                self._threads.append(thread)
                thread.start()

    def _pass_down(self, wire: Wire) -> None:
        with suppress(OSError):
            while chunk := wire.server.recv(CHUNK):
                wire.client.sendall(chunk)
        wire.cut_client()

    def _pass_up(self, wire: Wire) -> None:
        with suppress(OSError, EOFError):
            self._pass_messages(wire)

    def _pass_messages(self, wire: Wire) -> None:
        source = wire.client.makefile("rb")
        size = _exactly(source.read, 4)  # the start-up message has no kind
        wire.server.sendall(size + _exactly(source.read, int.from_bytes(size) - 4))
        while True:
            kind, message = _a_message(source.read)
            if wire.is_commit(kind, message[HEAD_SIZE:]) and self.on_commit is not None:
                while kind not in b"QS":  # a prepared one ends where the pipeline is flushed
                    kind, more = _a_message(source.read)
                    message += more
                action, self.on_commit = self.on_commit, None
                action(wire, message)
                return
            wire.server.sendall(message)


def _a_message(read: Callable[[int], bytes]) -> tuple[bytes, bytes]:
    """The kind of the client's next message, and all of it."""
    kind, size = _exactly(read, 1), _exactly(read, 4)
    return kind, kind + size + _exactly(read, int.from_bytes(size) - 4)


def _exactly(read: Callable[[int], bytes], size: int) -> bytes:
    chunk = read(size)
    if len(chunk) < size:
        raise EOFError
    return chunk


def _close(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


def _with_host(url: str, host: str, folder: Path) -> str:
    assert quote(host, safe="") in url or host in url, "the proxy stands before a socket folder"
    return make_conninfo(url, host=str(folder))
