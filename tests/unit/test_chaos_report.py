"""The report tells how much there was, and what happened where a law was broken."""

from __future__ import annotations

from dataclasses import replace

import pytest
from chaos_histories import CALLS, RIGHT, START
from rich.console import Console

from fault_injection.evidence import Evidence
from fault_injection.judge import judge
from fault_injection.plan import Settings
from fault_injection.report import Report, as_data, count_work, print_report
from fault_injection.running import Faults, Run
from fault_injection.verdict import Law

SETTINGS = Settings(seconds=30, workers=4, jobs=2, seed=17)
#: The first of two deliveries of the newest token is refused.
WRONG = replace(RIGHT, deliveries=(replace(CALLS[1], accepted=False), CALLS[3]))


def _report(evidence: Evidence) -> Report:
    faults = Faults(kills=1, restarts={"fast": 2, "immediate": 1})
    run = Run(evidence, faults, {"a": START}, "18.6", (30.0, 5.0))
    return Report(SETTINGS, run, tuple(judge(evidence)))


def _printed(evidence: Evidence, capsys: pytest.CaptureFixture[str]) -> str:
    print_report(Console(highlight=False, width=80), _report(evidence))
    return capsys.readouterr().out


def test_work_is_counted() -> None:
    assert count_work(_report(RIGHT).run) == {
        "jobs": 2,
        "posted": 1,
        "dead_letters": 1,
        "attempts": 6,
        "failures": 4,
        "extensions": 1,
        "returned": 1,
        "returned_after_kill": 1,
        "latest_return_ms": 0,
        "deliveries": 4,
        "repeated_deliveries": 2,
        "refused_deliveries": 1,
        "replaced_effects": 1,
        "lost_attempts": 1,
        "vain_starts": 2,
    }


def test_right_run_passes(capsys: pytest.CaptureFixture[str]) -> None:
    output = _printed(RIGHT, capsys)

    assert output.startswith(
        "scripts/chaos --seconds 30 --jobs 2 --workers 4 --seed 17\n"
    )
    assert "restarted 3 times (2 fast, 1 immediate)" in " ".join(output.split())
    assert output.endswith("every job was done exactly once in effect\n")


def test_broken_law_is_shown_with_what_happened(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = _printed(WRONG, capsys)

    assert f"{Law.FENCED}: job 1: token 3 was refused after 0\n" in output
    assert (
        "job 1:\n"
        "  00:00:00.000000 scheduled, token 0, 0 retries\n"
        "  00:00:01.000000 processing, token 1, 0 retries by a until 00:00:03.000000\n"
        "  00:00:03.000000 scheduled, token 1, 0 retries\n"
    ) in output
    assert "  delivered by token 3, refused\n" in output
    assert "  c logged posted of token 3\n" in output
    assert "job 2:" not in output
    assert output.endswith("\n1 violations\n")


def test_mutant_is_part_of_the_command() -> None:
    report = replace(_report(RIGHT), settings=replace(SETTINGS, mutant="broken"))

    assert report.command.endswith(" --seed 17 --mutant broken")


def test_data_tells_whether_it_passed() -> None:
    right, wrong = as_data(_report(RIGHT)), as_data(_report(WRONG))

    assert (right["passed"], right["violations"]) == (True, [])
    assert (wrong["passed"], wrong["violations"]) == (
        False,
        [
            {
                "law": "a stale token changes nothing",
                "job_id": 1,
                "text": "token 3 was refused after 0",
            }
        ],
    )
