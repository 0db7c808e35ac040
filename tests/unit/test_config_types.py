"""What `[tool.datalayer.types]` may say, and what is said of what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from datalayer.config import load_config
from datalayer.errors import ConfigurationError

_START = '[tool.datalayer]\noutput = "src/app/queries"\n'


def test_types_are_read(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        f"{_START}[tool.datalayer.types]\n"
        '"public.vector" = "app.types.Vector"\n"odd schema.a.b" = "str"\n'
        '"public.uint8" = "int"\n'
    )

    assert load_config(tmp_path).types == {
        "odd schema.a.b": "str",
        "public.uint8": "int",
        "public.vector": "app.types.Vector",
    }


def test_no_types_is_none(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(_START)

    assert load_config(tmp_path).types == {}


@pytest.mark.parametrize(
    ("said", "expected"),
    [("", False), ('domains = "base"', False), ('domains = "newtype"', True)],
    ids=["default", "base", "newtype"],
)
def test_domains_are_types_of_their_own_on_request(
    tmp_path: Path, said: str, expected: bool
) -> None:
    (tmp_path / "pyproject.toml").write_text(f"{_START}{said}\n")

    assert load_config(tmp_path).new_types is expected


@pytest.mark.parametrize(
    ("said", "message", "help"),
    [
        ('domains = "new"', '`domains` is "new"', '`domains = "newtype"`'),
        ('types = "str"', "`types` must be a table", "tool.datalayer.types"),
        ('[tool.datalayer.types]\nvector = "str"', "no schema", '`"public.vector"'),
        ('[tool.datalayer.types]\na.b = "str"', "`a` in .* is a table", "quotes"),
        ('[tool.datalayer.types]\n"a.b" = 1', "`1` is no Python type", "`str`"),
        ('[tool.datalayer.types]\n"a.b" = "list[int]"', "no Python type", "`str`"),
        ('[tool.datalayer.types]\n"a.b" = "bool"', "no Python type", "`str`"),
        ('[tool.datalayer.types]\n"a.b" = "app.class"', "no Python type", "a class"),
        ('[tool.datalayer.types]\n"a.b" = ""', "no Python type", "a class"),
        ('typs = "str"', "unknown key `typs`", "types"),
    ],
    ids=[
        "unknown-domains",
        "no-table",
        "no-schema",
        "no-quotes",
        "no-text",
        "generic",
        "not-callable-with-text",
        "keyword",
        "empty",
        "misspelt",
    ],
)
def test_a_wrong_setting_is_explained(
    tmp_path: Path, said: str, message: str, help: str
) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(f"{_START}{said}\n")

    with pytest.raises(ConfigurationError, match=message) as raised:
        load_config(tmp_path)

    assert str(file) in raised.value.message
    assert help in (raised.value.help or "")
