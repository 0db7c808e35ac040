"""A way to the server that counts how often the client has to wait for an answer."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

_PORT = 5432


class CountingProxy:
    """Passes on what one client and its server say, and counts the turns."""

    def __init__(self, folder: Path, server: str) -> None:
        self.turns = 0
        self._client_spoke = False
        self._lock = threading.Lock()
        self._server = socket.socket(socket.AF_UNIX)
        self._server.connect(server)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / f".s.PGSQL.{_PORT}"))
        self._listener.listen()
        self._client: socket.socket | None = None
        self._threads = [threading.Thread(target=self._ask)]
        self._threads[0].start()

    def close(self) -> None:
        """Hang up on both sides."""
        _hang_up(self._listener)
        _hang_up(self._server)
        if self._client is not None:
            _hang_up(self._client)
        for thread in self._threads:
            thread.join()
        for each in (self._listener, self._server, self._client):
            if each is not None:
                each.close()

    def _ask(self) -> None:
        with contextlib.suppress(OSError):
            client, _ = self._listener.accept()
            self._client = client
            answering = threading.Thread(target=self._answer, args=(client,))
            self._threads.append(answering)
            answering.start()
            while data := client.recv(65536):
                with self._lock:
                    self.turns += not self._client_spoke
                    self._client_spoke = True
                self._server.sendall(data)

    def _answer(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := self._server.recv(65536):
                with self._lock:
                    self._client_spoke = False
                client.sendall(data)


def _hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def counting_proxy(folder: Path, url: str) -> Iterator[tuple[CountingProxy, str]]:
    """Lend a proxy in a folder, and the URL for one client of a database behind it."""
    with psycopg.connect(url) as connection:
        info = connection.info
        server = str(Path(info.host) / f".s.PGSQL.{info.port}")
    proxy = CountingProxy(folder, server)
    try:
        through = psycopg.conninfo.make_conninfo(url, host=str(folder), port=_PORT)
        yield proxy, through
    finally:
        proxy.close()
