"""The inner loop: from saving one of many query files to its new module."""

from __future__ import annotations

import platform
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import aiosql

from benchmarks.errors import BenchError
from benchmarks.loop_project import QUERIES_A_FILE, edited, module_of, write_project
from benchmarks.measure import Contender, Timing, cpu_clock, measure
from benchmarks.report import Goal, Report, Section

_SAVED, _UNCHANGED = 0.3, 0.5
#: How often one looks whether there is something new, and for how long.
_LOOK, _PATIENCE = 0.001, 120.0
_NOTHING = "import typer; typer.run(lambda: None)"


def run(*, rows: int, rounds: int, say: Callable[[str], None]) -> Report:
    """Write a project of as many query files as there are rows, and measure."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        files = write_project(root, rows)
        say("generating everything")
        everything = _all_anew(root, rounds)
        say("an unchanged project")
        unchanged = _unchanged(root, rounds)
        say("saving a file")
        with _watching(root) as process:
            saved = _saved(root, files, process, rounds)
    return Report(
        title="loop",
        conditions=(
            ("project", f"{rows:,} query files, {rows * QUERIES_A_FILE:,} queries"),
            ("client", f"Python {platform.python_version()}"),
            ("load", "others take from every time but those of a processor"),
        ),
        sections=(saved, unchanged, everything),
        command=f"scripts/bench loop --rows {rows} --rounds {rounds}",
    )


def _saved(
    root: Path,
    files: Sequence[Path],
    process: subprocess.Popen[bytes],
    rounds: int,
) -> Section:
    save = _Saving(root, files, [file.read_text() for file in files], process)
    contenders = [Contender("saved to written, watched", save)]
    clock = cpu_clock(process.pid)
    if clock is not None:
        name = "the same, time of the processor"
        contenders.append(Contender(name, save, clock=clock))
    load = partial(_load, root / "queries")
    contenders.append(Contender("aiosql loads all files, the floor", load))
    first, *others = measure(contenders, rounds=rounds)
    return Section(
        "saving one file under `generate --watch`",
        (first, *others),
        goal=Goal(f"{_SAVED * 1000:.0f} ms", first.median < _SAVED),
        note="waits until an editor has ended; asks a server about the query.",
    )


def _load(folder: Path, _call: int) -> object:
    return aiosql.from_path(folder, "psycopg")


@dataclass(slots=True)
class _Saving:
    """Saves another file each time, and waits for its module."""

    root: Path
    files: Sequence[Path]
    texts: Sequence[str]
    process: subprocess.Popen[bytes]
    edits: int = 0

    def __call__(self, _call: int) -> None:
        """Save a file with another statement."""
        self.edits += 1
        index = self.edits % len(self.files)
        module = module_of(self.files[index], self.root)
        before = module.read_bytes()
        self.files[index].write_text(edited(self.texts[index], self.edits))
        _wait(lambda: module.read_bytes() != before, self.process)


def _unchanged(root: Path, rounds: int) -> Section:
    summary = root / ".datalayer" / "summary.json"

    def generate(_call: int) -> None:
        _datalayer(root, "generate")

    def check(_call: int) -> None:
        _datalayer(root, "check", "--offline")

    def check_each(call: int) -> None:
        summary.unlink(missing_ok=True)
        check(call)

    check_each(0)  # what it remembers serves `generate`, too
    first, *others = measure(
        [
            Contender("generate", generate),
            Contender("the same, time of the processor", generate, clock=_of_children),
            Contender("check --offline", check),
            Contender("check --offline, each module", check_each),
            Contender("a command that does nothing, the floor", _do_nothing),
        ],
        rounds=rounds,
    )
    return Section(
        "nothing changed",
        (first, *others),
        goal=Goal(f"{_UNCHANGED * 1000:.0f} ms", first.median < _UNCHANGED),
        note="each module: what is known of each query is rendered and compared.",
    )


def _all_anew(root: Path, rounds: int) -> Section:
    times = []
    for _ in range(min(rounds, 3)):
        for file in (root / ".datalayer").glob("*.*"):
            file.unlink()
        started = time.perf_counter()
        _datalayer(root, "generate")
        times.append(time.perf_counter() - started)
    times.sort()
    timing = Timing("generate", times[len(times) // 2], times[0], times[-1], len(times))
    return Section("nothing known, server start and migrations included", (timing,))


def _datalayer(root: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "datalayer", *arguments]
    done = subprocess.run(
        command, cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BenchError(f"`datalayer {' '.join(arguments)}` failed: {done.stderr}")


def _do_nothing(_call: int) -> None:
    subprocess.run([sys.executable, "-c", _NOTHING], check=True)


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def _watching(root: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Watch a project; begin when changes are waited for."""
    log = root / "watching.txt"
    # What begins in the background of a script hands on that it ignores Ctrl-C.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    with (
        log.open("wb") as stream,
        subprocess.Popen(
            [sys.executable, "-m", "datalayer", "generate", "--watch"],
            cwd=root,
            stdout=stream,
            stderr=stream,
        ) as process,
    ):
        try:
            _wait(lambda: b"watching" in log.read_bytes(), process)
            yield process
        finally:
            process.send_signal(signal.SIGINT)


def _wait(is_there: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not is_there():
        if process.poll() is not None or time.monotonic() > deadline:
            raise BenchError("nothing new came of `datalayer generate --watch`")
        time.sleep(_LOOK)
