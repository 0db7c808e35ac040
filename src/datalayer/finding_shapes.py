"""Who finds the shapes of a project's queries: what was found before, or a server."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg

from datalayer.codegen.analyser import AnalysisResult, analyse
from datalayer.codegen.pipeline import open_checked_session
from datalayer.errors import CacheIncomplete
from datalayer.migrate import PROFILES, migrate
from datalayer.server import scratch_database, use_server
from datalayer.server.timescaledb import use_timescaledb
from datalayer.shape_cache import ShapeCache, open_cache

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Self

    from datalayer.codegen.analyser import Session
    from datalayer.config import Config
    from datalayer.model import QuerySource

_, TIMESCALEDB = PROFILES


@dataclass(slots=True)
class ShapeFinder:
    """Finds shapes, asking a scratch database only for what is not known.

    Use it in `with`: the database is built when it is first needed, and kept until the
    end.
    """

    config: Config
    profile: str
    cache: ShapeCache
    server_url: str | None = None
    #: Whether no server may be asked.
    offline: bool = False
    #: The URL of a database that the migrations built already, if there is one.
    migrated: str | None = None
    _stack: ExitStack = field(default_factory=ExitStack)
    _connection: psycopg.Connection[tuple[object, ...]] | None = None
    #: The schema stays as it is while the database is kept.
    _session: Session | None = None

    def __enter__(self) -> Self:
        """Return the finder itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Drop the scratch database, if there is one."""
        self._stack.close()

    def find(self, sources: Sequence[QuerySource]) -> AnalysisResult:
        """Return the shapes of queries, and the problems of those that have none.

        Raises `CacheIncomplete` when a server would have to be asked and may not.
        """
        self.cache.begin()
        known = [self.cache.find(source) for source in sources]
        missing = [s for s, shape in zip(sources, known, strict=True) if shape is None]
        if known and not missing:
            return AnalysisResult(tuple(shape for shape in known if shape), ())
        found = self._ask(missing)
        for shape in found.shapes:
            self.cache.keep(shape)
        self.cache.save()
        by_place = {shape.source.location: shape for shape in found.shapes}
        merged = [
            shape or by_place.get(source.location)
            for source, shape in zip(sources, known, strict=True)
        ]
        shapes = tuple(shape for shape in merged if shape is not None)
        return AnalysisResult(shapes, found.problems)

    def get_ready(self) -> None:
        """Build the scratch database now, so that the next question is quick."""
        self._connect()

    def _ask(self, sources: Sequence[QuerySource]) -> AnalysisResult:
        if self.offline:
            raise CacheIncomplete(
                [source.qualified_name for source in sources], self.config.root
            )
        return analyse(self._open_session(), sources)

    def _open_session(self) -> Session:
        if self._session is None:
            self._session = open_checked_session(self._connect(), self.config.types)
        return self._session

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        if self._connection is None:
            url = self.migrated or self._stack.enter_context(
                migrated_database(self.config, self.server_url, self.profile)
            )
            self._connection = self._stack.enter_context(connect(url))
        return self._connection


def open_finder(
    config: Config,
    profile: str,
    *,
    server_url: str | None = None,
    offline: bool = False,
    migrated: str | None = None,
) -> ShapeFinder:
    """Return a finder that remembers what it finds.

    Nothing is written down about another server than the embedded one, whose version
    and extensions are not ours to know.
    """
    in_memory = ShapeCache(file=None, schema="")
    cache = open_cache(config, profile) if server_url is None else in_memory
    return ShapeFinder(config, profile, cache, server_url, offline, migrated)


@contextmanager
def migrated_database(
    config: Config, server_url: str | None, profile: str
) -> Iterator[str]:
    """Build a scratch database by a project's migrations; yield its URL; drop it."""
    with _empty_database(server_url, profile) as url:
        if config.migrations.is_dir():
            migrate(url, config.migrations, profile=profile)
        yield url


def connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    """Connect as the analyser needs it."""
    # Prepared statements of psycopg's own would collide with the analyser's.
    return psycopg.connect(url, autocommit=True, prepare_threshold=None)


@contextmanager
def _empty_database(server_url: str | None, profile: str) -> Iterator[str]:
    if profile == TIMESCALEDB:
        with use_timescaledb(server_url) as timescale:
            yield timescale.url
        return
    if server_url is not None:
        with scratch_database(server_url) as url:
            yield url
        return
    # A throw-away server is new and ours alone: so is its own database.
    with use_server() as server:
        yield server.url()
