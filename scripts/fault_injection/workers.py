"""The worker processes: started, killed, stopped, continued and asked to end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from fault_injection.errors import ChaosError
from fault_injection.evidence import Exit
from fault_injection.handler import MUTANT_VARIABLE, REMOTE_VARIABLE
from fault_injection.tasks import MAX_ATTEMPTS

if TYPE_CHECKING:
    from fault_injection.plan import Settings
    from fault_injection.server import FaultyServer

SCRIPTS = Path(__file__).resolve().parents[1]
_BEGIN_TIMEOUT = 120.0
_END_TIMEOUT = 60.0
_TICK = 0.05
#: In this many bytes a worker has told of its beginning.
_HEAD = 4096


@dataclass(slots=True)
class Worker:
    """A worker process."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    #: When to let it go on, by the monotonic clock.
    stopped_until: float | None = None

    @property
    def has_begun(self) -> bool:
        """Return whether it found the server, without which a worker does not begin."""
        with self.log.open("rb") as log:
            return b'"event": "started"' in log.read(_HEAD)


@dataclass(slots=True)
class Crew:
    """The workers, one a slot, and what became of those before them."""

    server: FaultyServer
    settings: Settings
    folder: Path
    members: list[Worker] = field(default_factory=list)
    logs: dict[str, Path] = field(default_factory=dict)
    #: Those that were asked to end while the others go on.
    leaving: list[Worker] = field(default_factory=list)
    killed: dict[str, datetime] = field(default_factory=dict)
    exits: list[Exit] = field(default_factory=list)
    stops: int = 0

    def start(self) -> None:
        """Start a worker in each slot."""
        for slot in range(self.settings.workers):
            self.members.append(self._start(slot))

    def await_begin(self) -> None:
        """Wait until all have found the server."""
        deadline = time.monotonic() + _BEGIN_TIMEOUT
        for worker in self.members:
            while not worker.has_begun:
                if worker.process.poll() is not None or time.monotonic() > deadline:
                    text = worker.log.read_text(errors="replace").strip()
                    raise ChaosError(f"{worker.name} did not begin: {text}")
                time.sleep(_TICK)

    def _start(self, slot: int) -> Worker:
        name = f"worker-{slot}.{len(self.logs)}"
        log = self.folder / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                _command(self.server.queue_url, name, self.settings),
                env=_environment(self.server.remote_url, self.settings.mutant),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for us, who end them.
                start_new_session=True,
            )
        self.logs[name] = log
        return Worker(name, process, log)

    def kill(self, slot: int) -> None:
        """Kill a worker, stopped or not, and start another one in its place."""
        slot = self._next_at_work(slot, stopped=True)
        worker = self.members[slot]
        worker.process.kill()
        worker.process.wait()
        self.killed[worker.name] = datetime.now(UTC)
        self.members[slot] = self._start(slot)

    def stop(self, slot: int, seconds: float) -> str | None:
        """Stop a worker that runs until later; return its name, if there is one."""
        worker = self.members[self._next_at_work(slot, stopped=False)]
        if worker.stopped_until is not None:
            return None
        worker.process.send_signal(signal.SIGSTOP)
        worker.stopped_until = time.monotonic() + seconds
        self.stops += 1
        return worker.name

    def _next_at_work(self, slot: int, *, stopped: bool) -> int:
        """Return the slot, or the next one with a worker that may have jobs, if any."""
        for number in range(len(self.members)):
            candidate = (slot + number) % len(self.members)
            worker = self.members[candidate]
            if worker.has_begun and (stopped or worker.stopped_until is None):
                return candidate
        return slot

    def replace(self, slot: int) -> None:
        """Ask a worker to end, and start another one in its place meanwhile."""
        worker = self.members[slot]
        _continue(worker)
        worker.process.terminate()
        self.leaving.append(worker)
        self.members[slot] = self._start(slot)

    def look_after(self) -> None:
        """Let those go on whose time has come; replace those that ended."""
        for slot, worker in enumerate(self.members):
            until = worker.stopped_until
            if until is not None and time.monotonic() >= until:
                _continue(worker)
            code = worker.process.poll()
            if code is not None:
                self._note_end(worker, code, asked=False)
                self.members[slot] = self._start(slot)

    def end(self) -> None:
        """Ask all to end, and wait until they have."""
        for worker in self.members:
            _continue(worker)
            worker.process.terminate()
        for worker in [*self.leaving, *self.members]:
            try:
                code = worker.process.wait(_END_TIMEOUT)
            except subprocess.TimeoutExpired:
                code = -signal.SIGKILL
            self._note_end(worker, code, asked=True)

    def _note_end(self, worker: Worker, code: int, *, asked: bool) -> None:
        self.exits.append(Exit(worker.name, asked, worker.has_begun, code))

    def kill_all(self) -> None:
        """Leave no process behind, whatever happened."""
        for worker in [*self.leaving, *self.members]:
            if worker.process.poll() is None:
                worker.process.kill()
                worker.process.wait()


def _continue(worker: Worker) -> None:
    """Let a worker that is stopped go on."""
    if worker.stopped_until is not None:
        worker.process.send_signal(signal.SIGCONT)
        worker.stopped_until = None


def _command(url: str, name: str, settings: Settings) -> list[str]:
    options = {
        "--database-url": url,
        "--worker-name": name,
        "--concurrency": settings.concurrency,
        "--lease": settings.lease,
        "--poll": 0.5,
        "--max-attempts": MAX_ATTEMPTS,
        "--first-backoff": settings.lease / 10,
        # Here it is the fault of the workers, never of the job.
        "--max-claims": 1_000_000,
    }
    command = [
        sys.executable,
        "-m",
        "datalayer",
        "worker",
        "fault_injection.handler:post",
    ]
    for option, value in options.items():
        command += [option, str(value)]
    return command


def _environment(remote_url: str, mutant: str) -> dict[str, str]:
    return os.environ | {
        "PYTHONPATH": os.pathsep.join([str(SCRIPTS), *_python_path()]),
        REMOTE_VARIABLE: remote_url,
        MUTANT_VARIABLE: mutant,
    }


def _python_path() -> list[str]:
    return [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
