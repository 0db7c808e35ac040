"""The pages about token usage and analyses are true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import datalayer.domains.conversations as services
from datalayer.domains import errors as general
from datalayer.domains.conversations import errors

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ["token-usage.md", "analyses.md"]


@pytest.mark.parametrize("name", PAGES)
def test_the_example_prints_what_the_page_says(
    name: str,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = (DOCS / name).read_text()
    [code] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    [printed] = re.findall(r"```text\n(.*?)```", text, re.DOTALL)
    monkeypatch.setenv("DATABASE_URL", database_url)

    exec(compile(code, f"docs/{name}", "exec"), {})  # noqa: S102 (the page)

    assert capsys.readouterr().out == printed


@pytest.mark.parametrize("name", PAGES)
def test_what_the_pages_name_exists(name: str) -> None:
    """Errors by their class, services by their name."""
    text = re.sub(r"```.*?```", "", (DOCS / name).read_text(), flags=re.DOTALL)

    for error in re.findall(r"\[`(\w+)`\]\(errors", text):
        assert hasattr(errors, error) or hasattr(general, error)
    for service in re.findall(
        r"`(?!idx_)((?:\w+_)+(?:usage|analys[ei]s|events))`", text
    ):
        assert service in services.__all__
