"""The page about the automation domain is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import datalayer.domains.automation as services
from datalayer.queries.automation import (
    analytics,
    enforcement,
    event,
    execution,
    execution_history,
    worker,
    worker_history,
)

PAGE = (Path(__file__).parents[2] / "docs" / "automation.md").read_text()
MODULES = [
    analytics,
    enforcement,
    event,
    execution,
    execution_history,
    worker,
    worker_history,
]


def test_the_tour_runs(
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    monkeypatch.setenv("DATABASE_URL", database_url)

    exec(compile(found[1], "docs/automation.md", "exec"), {})  # noqa: S102 (the page)

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "True 1"
    assert [line.split()[0] for line in lines[1:6]] == [
        "requested",
        "scheduling",
        "scheduled",
        "running",
        "failed",
    ]
    assert lines[6] == "failed True"
    assert lines[7].startswith("1.0 ")
    assert lines[8] == "1"


def test_every_service_is_listed() -> None:
    for name in services.__all__:
        if callable(getattr(services, name)) and name.islower():
            assert f"`{name}`" in PAGE


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__.split(".")[-1])
def test_every_query_is_listed(module: object) -> None:
    names = [name for name in module.__all__ if name.islower()]  # type: ignore[attr-defined]  # a module

    assert names
    for name in names:
        assert f"`{name}`" in PAGE
