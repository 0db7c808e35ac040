"""Workers and their server fail, and every job is done exactly once in effect.

`DATALAYER_CHAOS_SECONDS=600 scripts/test tests/acceptance/test_chaos.py -k exactly`
runs for longer, and `DATALAYER_CHAOS_SEED` repeats the plan of a run.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from datalayer.server.processes import list_processes
from fault_injection.__main__ import main
from fault_injection.mutants import MUTANTS
from server_processes import open_folder

ROOT = Path(__file__).resolve().parents[2]
SECONDS = int(os.environ.get("DATALAYER_CHAOS_SECONDS", "15"))
JOBS = max(1000, 40 * SECONDS)
SEED = int(os.environ.get("DATALAYER_CHAOS_SEED", secrets.randbits(31)))
WORKERS = 4
#: Those that a few seconds show; the others take luck, and are there to be tried.
SHOWN_SOON = (
    "claim-without-guard",
    "completion-and-lease-without-token",
    "reclaim-of-unexpired",
)
_TRIES = 5


def _run(*arguments: str) -> tuple[int, dict[str, Any]]:
    """Run the command in a process of its own; return its exit code and its report."""
    result = subprocess.run(
        [sys.executable, "-P", "-m", "fault_injection", *arguments, "--json"],
        env=_environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    report: dict[str, Any] = json.loads(result.stdout)
    return result.returncode, report


def _environment(**more: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT / "scripts")} | more


def test_every_job_is_done_exactly_once_in_effect() -> None:
    code, report = _run(
        *("--seconds", str(SECONDS), "--jobs", str(JOBS)),
        *("--workers", str(WORKERS), "--seed", str(SEED)),
    )

    work, faults = report["work"], report["faults"]
    assert report["violations"] == [], report["command"]
    assert (code, report["passed"]) == (0, True)
    assert work["jobs"] == work["posted"] + work["dead_letters"] == JOBS
    assert min(work["dead_letters"], work["failures"], work["extensions"]) > 0
    assert min(faults["kills"], faults["stops"], faults["replaced"]) > 0
    assert faults["terminated"] > 0
    assert set(faults["restarts"]) == {"fast", "immediate"}
    assert work["returned_after_kill"] > 0


def test_broken_versions_are_noticed(tmp_path: Path) -> None:
    # Each of them mostly waits.
    with ThreadPoolExecutor(len(SHOWN_SOON)) as pool:
        noticed = dict(
            zip(
                SHOWN_SOON,
                pool.map(partial(_is_noticed, folder=tmp_path), SHOWN_SOON),
                strict=True,
            )
        )

    assert noticed == dict.fromkeys(SHOWN_SOON, True)
    for mutant in SHOWN_SOON:
        assert list((tmp_path / mutant).glob("worker-0.*.log"))


def _is_noticed(mutant: str, folder: Path) -> bool:
    """A chance missed is no failure: a few seconds may hold no bad moment."""
    for _ in range(_TRIES):
        code, report = _run(
            *("--seconds", "8", "--jobs", "500", "--mutant", mutant),
            *("--keep", str(folder / mutant)),
        )
        laws = {violation["law"] for violation in report["violations"]}
        assert (code == 0) == report["passed"] == (not laws)
        if MUTANTS[mutant].law in laws:
            return True
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_leaves_nothing_behind(number: signal.Signals) -> None:
    with open_folder() as temporary, _running_in(temporary) as process:
        while len(list(_workers(temporary))) < WORKERS:
            assert process.poll() is None
            time.sleep(0.05)

        process.send_signal(number)
        code = process.wait()

        assert code == (130 if number == signal.SIGINT else 143)
        assert list(temporary.iterdir()) == []
        assert [p for p in list_processes() if temporary.name in p.command] == []


@contextmanager
def _running_in(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "fault_injection", "--jobs", "100"],
        env=_environment(TMPDIR=str(folder)),
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _workers(folder: Path) -> Iterator[int]:
    """Yield the workers of the server in a folder."""
    for process in list_processes():
        # In a URL a folder is written otherwise.
        if folder.name in process.command and " worker " in process.command:
            yield process.pid


@pytest.mark.parametrize(
    "arguments",
    [("--seconds", "0"), ("--mutant", "nonsense"), ("--seed", "x")],
    ids=lambda arguments: arguments[0],
)
def test_wrong_usage_exits_with_2(arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)

    assert caught.value.code == 2
