"""TimescaleDB as a process of Node.js, with one database and one connection."""

from __future__ import annotations

import json
import os
import secrets
import select
import subprocess
import tempfile
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from datalayer.errors import ServerError, ServerStartFailed
from datalayer.server.timescaledb.packages import (
    SOURCES,
    find_node,
    installed_packages,
    last_lines,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

START_TIMEOUT = 120.0
_ORDER_TIMEOUT = 120.0
_STOP_TIMEOUT = 5.0
_LINES = 15
# What the server itself keeps: the database with the extension and nothing else.
_EMPTY = "empty"


class WasmServer:
    """A server that this process started."""

    def __init__(
        self, process: subprocess.Popen[bytes], log: IO[bytes], password: str
    ) -> None:
        """Keep the process and the file that it complains in."""
        self._process = process
        self._log = log
        self._password = password
        self._port = 0
        self._received = b""

    @property
    def url(self) -> str:
        """Return the URL of the database, which stays the same."""
        login = f"postgres:{self._password}"
        return f"postgresql://{login}@127.0.0.1:{self._port}/postgres"

    @property
    def process_id(self) -> int:
        """Return the number of the process of Node.js."""
        return self._process.pid

    @property
    def is_single_connection(self) -> bool:
        """Tell that a second connection has to wait until the first one ends."""
        return True

    def start(self, timeout: float) -> None:
        """Wait until the server accepts connections."""
        self._send(self._password)
        self._port = int(str(self._answer(timeout)["port"]))

    def reset(self) -> None:
        """Empty the database, all but the extension; end the connections to it."""
        self._order("restore", _EMPTY)

    def rebuild(self, name: str, build: Callable[[str], None]) -> None:
        """Bring the database to what `build` makes of an empty one, given its URL.

        What was built under a name is kept, and not built again.
        """
        if self._order("restore", f"built {name}"):
            return
        self.reset()
        build(self.url)
        self._order("save", f"built {name}")

    def _order(self, kind: str, name: str) -> bool:
        self._send(json.dumps({"kind": kind, "name": name}))
        answer = self._answer(_ORDER_TIMEOUT)
        if "error" in answer:
            raise ServerError(str(answer["error"]))
        return bool(answer["isDone"])

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._failure("ended") from None

    def _answer(self, timeout: float) -> dict[str, object]:
        """Return the next line that the process prints, which is JSON."""
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        deadline = time.monotonic() + timeout
        while b"\n" not in self._received:
            remaining = max(0.0, deadline - time.monotonic())
            if not poll.poll(remaining * 1000):
                raise self._failure(f"did not answer within {timeout:g} s")
            chunk = os.read(descriptor, 4096)
            if not chunk:
                raise self._failure("ended")
            self._received += chunk
        line, _, self._received = self._received.partition(b"\n")
        answer: dict[str, object] = json.loads(line)
        return answer

    def _failure(self, what: str) -> ServerStartFailed:
        self._log.seek(0)
        told = self._log.read().decode(errors="replace")
        message = f"the TimescaleDB to test with {what}{':' if told.strip() else ''}"
        return ServerStartFailed(last_lines(f"{message}\n{told}", _LINES))


@contextmanager
def start_wasm_server(*, timeout: float = START_TIMEOUT) -> Iterator[WasmServer]:
    """Start a server and stop it in the end.

    When this process dies, so does the server: its standard input ends.
    """
    node = find_node()
    command = [node.program, str(SOURCES / "serve.mjs"), str(installed_packages(node))]
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
        ) as process,
    ):
        server = WasmServer(process, log, secrets.token_hex(16))
        try:
            server.start(timeout)
            yield server
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(_STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
