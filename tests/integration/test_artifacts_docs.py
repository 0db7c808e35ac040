"""The page about the artifacts domain is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import datalayer.domains.artifacts as services
from datalayer.queries.artifacts import (
    artifact,
    blob,
    compaction,
    patch_chain,
    run,
    tag,
)

PAGE = (Path(__file__).parents[2] / "docs" / "artifacts.md").read_text()
MODULES = [artifact, blob, compaction, patch_chain, run, tag]


def test_the_tour_runs(
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    monkeypatch.setenv("DATABASE_URL", database_url)

    exec(compile(found[1], "docs/artifacts.md", "exec"), {})  # noqa: S102 (the page)

    assert "{'id': 'load'}" in capsys.readouterr().out


def test_every_service_is_listed() -> None:
    for name in services.__all__:
        if callable(getattr(services, name)) and name.islower():
            known = {"content_id", "parse_json", "to_canonical"}
            assert name in known or f"`{name}`" in PAGE


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__.split(".")[-1])
def test_every_query_is_listed(module: object) -> None:
    names = [name for name in module.__all__ if name.islower()]  # type: ignore[attr-defined]  # a module

    assert names
    for name in names:
        assert f"`{name}`" in PAGE
