"""What the commands do with a project: generate its modules, or check them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg

from datalayer.codegen.pipeline import Generated, generate_modules
from datalayer.codegen.rendering.writer import WriteReport, stale_modules, write_modules
from datalayer.migrate import migrate
from datalayer.server import scratch_database, use_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalayer.codegen.rendering.writer import StaleReport
    from datalayer.config import Config


def build(config: Config, *, server_url: str | None = None) -> Generated:
    """Generate a project's modules in memory.

    The migrations run in a scratch database that is dropped afterwards: on the server
    of `server_url` (PostgreSQL 16 or newer), or on a throw-away embedded one.
    Raises `ProblemsFound` with every problem of the migrations or the queries.
    """
    with _migrated(config, server_url) as url, _connect(url) as connection:
        return generate_modules(
            connection,
            queries=config.queries,
            root=config.root,
            package=config.package,
        )


def generate(
    config: Config, *, server_url: str | None = None
) -> tuple[Generated, WriteReport]:
    """Generate a project's modules and write those that changed; see `build`."""
    generated = build(config, server_url=server_url)
    return generated, write_modules(config.output, generated.modules)


def check(
    config: Config, *, server_url: str | None = None
) -> tuple[Generated, StaleReport]:
    """Generate a project's modules and compare them with what is on disk."""
    generated = build(config, server_url=server_url)
    return generated, stale_modules(config.output, generated.modules)


@contextmanager
def _migrated(config: Config, server_url: str | None) -> Iterator[str]:
    with _empty_database(server_url) as url:
        if config.migrations.is_dir():
            migrate(url, config.migrations)
        yield url


@contextmanager
def _empty_database(server_url: str | None) -> Iterator[str]:
    if server_url is not None:
        with scratch_database(server_url) as url:
            yield url
        return
    # A throw-away server is new and ours alone: so is its own database.
    with use_server() as server:
        yield server.url()


def _connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    # Prepared statements of psycopg's own would collide with the analyser's.
    return psycopg.connect(url, autocommit=True, prepare_threshold=None)
