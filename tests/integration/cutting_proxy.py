"""A way to the server that can lose the answer to a statement, after it ran."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

_PORT = 5432


class CuttingProxy:
    """Passes on what client and server say, until it is told to cut."""

    def __init__(self, folder: Path, server: str) -> None:
        self.folder = folder
        self.has_cut = threading.Event()
        self._server = server
        self._mark: bytes | None = None
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / f".s.PGSQL.{_PORT}"))
        self._listener.listen()
        self._start(self._accept)

    def cut_after(self, mark: str) -> None:
        """Drop the answer to the next statement with a mark, and its connection."""
        self.has_cut.clear()
        self._mark = mark.encode()

    def close(self) -> None:
        """End all connections, and let nobody in."""
        for each in [self._listener, *self._open]:
            _hang_up(each)
        for thread in self._threads:
            thread.join()
        for each in [self._listener, *self._open]:
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._server)
                self._open += [client, server]
                is_doomed = threading.Event()
                self._start(lambda: self._ask(client, server, is_doomed))  # noqa: B023
                self._start(lambda: self._answer(client, server, is_doomed))  # noqa: B023

    def _ask(
        self, client: socket.socket, server: socket.socket, is_doomed: threading.Event
    ) -> None:
        while data := _receive(client):
            if self._mark is not None and self._mark in data:
                self._mark = None
                is_doomed.set()
            with contextlib.suppress(OSError):
                server.sendall(data)
        _hang_up(server)

    def _answer(
        self, client: socket.socket, server: socket.socket, is_doomed: threading.Event
    ) -> None:
        while data := _receive(server):
            if is_doomed.is_set():
                # The server answers when it has committed.
                self.has_cut.set()
                break
            with contextlib.suppress(OSError):
                client.sendall(data)
        _hang_up(client)

    def _start(self, target: object) -> None:
        thread = threading.Thread(target=target, daemon=True)  # type: ignore[arg-type]  # callable
        self._threads.append(thread)
        thread.start()


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except OSError:
        return b""


def _hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def cutting_proxy(folder: Path, url: str) -> Iterator[tuple[CuttingProxy, str]]:
    """Lend a proxy in a folder, and the URL of a database through it."""
    with psycopg.connect(url) as connection:
        info = connection.info
        server = str(Path(info.host) / f".s.PGSQL.{info.port}")
    proxy = CuttingProxy(folder, server)
    try:
        through = psycopg.conninfo.make_conninfo(url, host=str(folder), port=_PORT)
        yield proxy, through
    finally:
        proxy.close()
