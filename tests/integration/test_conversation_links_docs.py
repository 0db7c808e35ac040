"""The page about linking is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

_PAGE = (Path(__file__).parents[2] / "docs" / "linking.md").read_text()
_EXAMPLE = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)


def test_examples_print_what_the_page_says(
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    found = _EXAMPLE.findall(_PAGE)
    assert found

    for code, printed in found:
        exec(compile(code, "docs/linking.md", "exec"), {})  # noqa: S102 (the page)

        assert capsys.readouterr().out == printed
