"""What can be wrong with a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.errors.problems import DataLayerError

if TYPE_CHECKING:
    from collections.abc import Sequence


class ConfigurationError(DataLayerError):
    """`[tool.datalayer]` is missing or wrong; the message names the key."""


class ConfigurationMissing(ConfigurationError):
    """No `pyproject.toml` here or above has `[tool.datalayer]`; add the table."""


class CacheIncomplete(DataLayerError):
    """`--offline` met queries of which the cache knows nothing; generate them first."""

    def __init__(self, queries: Sequence[str], root: object) -> None:
        """Keep the names of the queries."""
        shown = ", ".join(f"`{name}`" for name in queries[:3])
        more = f" and {len(queries) - 3} more" if len(queries) > 3 else ""
        super().__init__(
            f"the cache in {root}/.datalayer does not know {shown}{more}",
            help="run `datalayer check` without `--offline`, and keep that folder",
        )
        self.queries = tuple(queries)


class UnknownRule(DataLayerError):
    """No rule has that name; the message lists those there are."""

    def __init__(self, name: str, near: str | None, known: Sequence[str]) -> None:
        """Keep the name that was asked for."""
        rules = ", ".join(f"`{each}`" for each in known)
        help = f"did you mean `{near}`?" if near else f"the rules are {rules}"
        super().__init__(f"no rule is named `{name}`", help=help)
        self.name = name


class OutputOccupied(DataLayerError):
    """A file that nobody generated stands where a module goes; move one of them."""


class AnalysisServerTooOld(DataLayerError):
    """The generator needs PostgreSQL 16 or newer; the deployed server may be older.

    Generate with the embedded server: leave `DATABASE_URL` out.
    """

    def __init__(self, version: int) -> None:
        """Keep the version number that the server reported."""
        super().__init__(
            f"queries cannot be analysed on PostgreSQL {version // 10000}: 16 or newer"
            " is needed",
            help="use the embedded server: name no other, also not by a variable",
        )
        self.version = version


class HypothesisMissing(DataLayerError):
    """What tries queries needs a package: `pip install 'datalayer[prove]'`."""


class GeneratedModuleMissing(DataLayerError):
    """A query has no function that can be imported: run `datalayer generate`."""
