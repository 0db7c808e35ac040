"""The page about the request log is true."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from datalayer.domains import conversations
from datalayer.domains.conversations.chunks import BATCH
from datalayer.domains.conversations.masking import HIDDEN_HEADERS, KEY_HEADERS
from datalayer.domains.conversations.storable import DEEPEST, TOO_DEEP

pytestmark = pytest.mark.postgres

PAGE = (Path(__file__).parents[2] / "docs" / "request-log.md").read_text()


def test_the_examples_print_what_the_page_says(
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    examples = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    printed = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    monkeypatch.setenv("DATABASE_URL", database_url)

    names: dict[str, Any] = {}
    for example in examples:
        exec(compile(example, "docs/request-log.md", "exec"), names)  # noqa: S102 (the page)

    assert capsys.readouterr().out == "".join(printed)


def test_every_header_is_listed() -> None:
    rows = PAGE.split("## Secrets")[1].split("\n## ")[0]

    for name in KEY_HEADERS | HIDDEN_HEADERS:
        assert f"`{name}`" in rows


def test_the_limits_are_those_of_the_code() -> None:
    assert f"Up to {BATCH:,} chunks go as one" in PAGE
    assert f'more than {DEEPEST} deep | `"{TOO_DEEP}"`' in PAGE


def test_every_name_is_one_of_the_domain() -> None:
    rows = PAGE.split("| What | Returns |")[1].split("\n\n")[0]

    for name in re.findall(r"`(\w+)`", rows):
        assert hasattr(conversations, name)
