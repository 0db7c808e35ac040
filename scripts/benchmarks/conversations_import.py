"""How fast files of traffic are imported, beside COPY, and in how much memory."""

from __future__ import annotations

import itertools
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.conversations_traffic import Exchange, make_exchanges
from benchmarks.errors import BenchError
from benchmarks.report import Figure, Goal, Row, Table
from datalayer.domains.conversations.importing import ImportOptions, import_file
from datalayer.runtime.json import dumps

LINES = 2_000
#: How much larger the second file is whose import is weighed.
_LARGER = 10
_TRAINS = 5
#: How much more memory the larger file may take.
_MORE = 1.25
#: Seconds between two looks at the memory of an import.
_LOOK = 0.02
_CLEAR = "TRUNCATE api_requests, streaming_chunks, conversation_imports"
_NOTE = """\
A line is a request of up to 39 messages with its response; the import reads, checks,
masks, hashes and links them. The floor is COPY, text, of the rows that the import made,
in their order, into the same table with the same indexes and keys. Both end with the
one wait for the disk of each transaction."""
_NOTE_OF_MEMORY = """\
The most memory that `datalayer conversations import` had, in a process of its own, as
Linux tells it; 0 elsewhere."""

Connection = psycopg.Connection[Any]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Copied:
    """Rows as COPY takes them."""

    columns: str
    data: bytes


def measure_import(url: str, *, lines: int, rounds: int, say: Say) -> list[Table]:
    """Import the same file again and again, and two files of different sizes once."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        connection = stack.enter_context(psycopg.connect(url, autocommit=True))
        say(f"importing {lines:,} lines")
        file = write_lines(folder, lines)
        rate = _measure_rate(connection, file, lines, rounds)
        peaks = {}
        for amount in (lines, _LARGER * lines):
            say(f"importing {amount:,} lines in a process")
            connection.execute(_CLEAR)
            file = write_lines(folder, amount)
            peaks[amount] = (file.stat().st_size, _weigh(url, file))
    return [rate, _tabulate_memory(peaks)]


def write_lines(folder: Path, lines: int) -> Path:
    """Write a file of traffic, of some trains by turns."""
    file = folder / f"{lines}.jsonl"
    trains = [make_exchanges(f"train-{number:03}") for number in range(1, _TRAINS + 1)]
    with file.open("wb") as output:
        for exchange in itertools.islice(_in_turn(trains), lines):
            output.write(dumps(_line(exchange)) + b"\n")
    return file


def _in_turn(sources: Sequence[Iterator[Exchange]]) -> Iterator[Exchange]:
    return (next(source) for source in itertools.cycle(sources))


def _line(exchange: Exchange) -> dict[str, object]:
    request, response = exchange.request, exchange.response
    return {
        "request_id": str(request.request_id),
        "timestamp": request.timestamp.isoformat(),
        "train_id": request.train_id,
        "account_id": request.account_id,
        "request": {"body": request.body, "headers": request.headers},
        "response": {
            "status": response.status,
            "body": response.body,
            "headers": response.headers,
        },
        "duration_ms": response.duration_ms,
    }


def _measure_rate(connection: Connection, file: Path, lines: int, rounds: int) -> Table:
    def load() -> None:
        options = ImportOptions(restart=True)
        done = import_file(connection, path=file, options=options)
        assert done.stored == lines, done

    connection.execute(_CLEAR)
    load()
    copied = _copy_out(connection)
    ways: dict[str, Callable[[], object]] = {
        "import": load,
        "COPY": lambda: _copy_in(connection, copied),
    }
    samples: dict[str, list[float]] = {name: [] for name in ways}
    for _, (name, way) in itertools.product(range(rounds), ways.items()):
        # Each begins with an empty table, so that a sample is one call.
        connection.execute(_CLEAR)
        started = time.perf_counter()
        way()
        samples[name].append((time.perf_counter() - started) / lines)
    return _tabulate_rate(
        lines, file, {name: statistics.median(times) for name, times in samples.items()}
    )


def _copy_out(connection: Connection) -> Copied:
    row = connection.execute(
        "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum)"
        " FROM pg_attribute WHERE attrelid = 'api_requests'::regclass"
        " AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"
    ).fetchone()
    assert row is not None
    (columns,) = row
    query = f"COPY (SELECT {columns} FROM api_requests ORDER BY timestamp) TO STDOUT"  # noqa: S608 - names of our columns, quoted
    with connection.cursor() as cursor, cursor.copy(query.encode()) as copy:
        return Copied(columns, b"".join(bytes(block) for block in copy))


def _copy_in(connection: Connection, copied: Copied) -> None:
    statement = f"COPY api_requests ({copied.columns}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        copy.write(copied.data)


def _weigh(url: str, file: Path) -> int:
    """Return the peak of the memory of an import, in bytes."""
    command = (
        *(sys.executable, "-m", "datalayer", "conversations", "import", str(file)),
        *("--database-url", url, "--json"),
    )
    peak = 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, _peak_of(process.pid))
            time.sleep(_LOOK)
    if process.returncode:
        raise BenchError(
            f"the import ended with {process.returncode}", help="see its message above"
        )
    return peak


def _peak_of(pid: int) -> int:
    """Return the most memory that a process had so far; 0 where it cannot be known.

    What `wait4` tells is no less than what the parent had when the process began.
    """
    # https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return 1024 * int(found[1]) if found else 0


def _tabulate_rate(lines: int, file: Path, medians: dict[str, float]) -> Table:
    size = file.stat().st_size
    return Table(
        f"import: {lines:,} lines of {size / 1e6:.1f} MB",
        ("rows", "bytes a second", "each row", "of COPY's time"),
        tuple(
            Row(
                name,
                (
                    Figure(1 / median, "/s"),
                    Figure(size / lines / median, "B"),
                    Figure(median, "s"),
                    Figure(median / medians["COPY"]),
                ),
            )
            for name, median in medians.items()
        ),
        note=_NOTE,
    )


def _tabulate_memory(peaks: dict[int, tuple[int, int]]) -> Table:
    least, most = (peak for _, peak in peaks.values())
    return Table(
        "import: memory",
        ("file", "peak"),
        tuple(
            Row(f"{lines:,} lines", (Figure(size, "B"), Figure(peak, "B")))
            for lines, (size, peak) in peaks.items()
        ),
        goals=(
            Goal(
                f"{_LARGER} times the lines in at most {_MORE} times the memory"
                f" ({most / max(least, 1):.2f})",
                most <= _MORE * least,
            ),
        ),
        note=_NOTE_OF_MEMORY,
    )
