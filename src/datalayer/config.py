"""What `[tool.datalayer]` in a project's `pyproject.toml` says."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from keyword import iskeyword
from pathlib import Path

from datalayer.errors import ConfigurationError, ConfigurationMissing

_KEYS = {
    "domains": "base",
    "migrations": "migrations",
    "output": None,
    "package": None,
    "queries": "queries",
}
_DOMAINS = {"base", "newtype"}
#: What can be called with the text of a value without being imported.
_BUILT_IN = {"float", "int", "str"}
_TYPES_EXAMPLE = '`[tool.datalayer.types]`, and in it `"schema.type" = "str"`'


@dataclass(frozen=True, slots=True)
class Config:
    """A project: where its SQL is and where generated modules go."""

    root: Path
    queries: Path
    migrations: Path
    output: Path
    #: The import name of `output`: `app.queries`.
    package: str
    #: `[tool.datalayer.types]`: Python types by the names of types in the database.
    types: Mapping[str, str] = field(default_factory=dict)
    #: `domains = "newtype"`: whether domains are types of their own in Python.
    new_types: bool = False


def load_config(start: Path | None = None) -> Config:
    """Read the nearest `pyproject.toml` with a `[tool.datalayer]` table.

    Looks in `start` (default: the working folder) and its parents.
    Raises `ConfigurationError` when there is none, or when a key is unknown or wrong.
    """
    folder = (start or Path.cwd()).resolve()
    for root in (folder, *folder.parents):
        file = root / "pyproject.toml"
        if file.is_file():
            table = _read_table(file)
            if table is not None:
                return _build(root, file, table)
    raise ConfigurationMissing(
        f"no `pyproject.toml` with `[tool.datalayer]` in {folder} or above",
        help='add a table `[tool.datalayer]` with at least `output = "src/…/queries"`',
    )


def bundled_folder(name: str) -> Path:
    """Return the `migrations` or `queries` that this package itself ships."""
    package = Path(__file__).parent
    shipped = package / "sql" / name
    return shipped if shipped.is_dir() else package.parent.parent / name


def migrations_folder(given: Path | None = None) -> Path:
    """Return the folder that is named, the project's, or the one of this package."""
    if given is not None:
        return given
    try:
        return load_config().migrations
    except ConfigurationMissing:
        return bundled_folder("migrations")


def _read_table(file: Path) -> dict[str, object] | None:
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: not valid TOML: {error}") from error
    table: dict[str, object] | None = data.get("tool", {}).get("datalayer")
    return table


def _build(root: Path, file: Path, table: dict[str, object]) -> Config:
    for key, value in table.items():
        if key not in (*_KEYS, "types"):
            raise ConfigurationError(
                f"{file}: unknown key `{key}` in `[tool.datalayer]`",
                help=f"the keys are {', '.join(sorted((*_KEYS, 'types')))}",
            )
        if key in _KEYS and not isinstance(value, str):
            raise ConfigurationError(f"{file}: `{key}` must be a string")
    if "output" not in table:
        raise ConfigurationError(
            f"{file}: `[tool.datalayer]` has no `output`",
            help='name the package to write: `output = "src/app/queries"`',
        )
    values = {key: str(table.get(key, default)) for key, default in _KEYS.items()}
    if values["domains"] not in _DOMAINS:
        raise ConfigurationError(
            f'{file}: `domains` is "{values["domains"]}"',
            help='write `domains = "newtype"`, or "base" for their base types',
        )
    return Config(
        root=root,
        queries=root / values["queries"],
        migrations=root / values["migrations"],
        output=root / values["output"],
        package=str(table.get("package") or _package_of(values["output"])),
        types=_types(file, table.get("types", {})),
        new_types=values["domains"] == "newtype",
    )


def _types(file: Path, table: object) -> dict[str, str]:
    if not isinstance(table, dict):
        raise ConfigurationError(
            f"{file}: `types` must be a table", help=f"write {_TYPES_EXAMPLE}"
        )
    types: dict[str, str] = {}
    given: dict[str, object] = table
    for name, python_type in given.items():
        if isinstance(python_type, dict):
            raise ConfigurationError(
                f"{file}: `{name}` in `[tool.datalayer.types]` is a table",
                help='put quotes around the whole name: `"schema.type" = "str"`',
            )
        if not re.fullmatch(r"[^.]+\..+", name):
            raise ConfigurationError(
                f"{file}: `{name}` in `[tool.datalayer.types]` has no schema",
                help=f'write `"public.{name}"`, or the schema that it is in',
            )
        if not (isinstance(python_type, str) and _is_python_type(python_type)):
            raise ConfigurationError(
                f"{file}: `{python_type}` is no Python type for `{name}` in"
                " `[tool.datalayer.types]`",
                help="write `str`, `int`, `float` or the path of a class:"
                " `app.types.Vector`",
            )
        types[name] = python_type
    return types


def _is_python_type(name: str) -> bool:
    parts = name.split(".")
    fine = all(part.isidentifier() and not iskeyword(part) for part in parts)
    return fine and (len(parts) > 1 or name in _BUILT_IN)


def _package_of(output: str) -> str:
    parts = [part for part in Path(output).parts if part != "."]
    if parts[:1] == ["src"]:
        parts = parts[1:]
    return ".".join(parts)
