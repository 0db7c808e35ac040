"""What the commands do with a project: generate its modules, or check them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import psycopg

from datalayer.codegen.pipeline import Generated, generate_modules
from datalayer.codegen.rendering.writer import (
    Difference,
    WriteReport,
    compare_modules,
    stale_modules,
    write_modules,
)
from datalayer.codegen.rules import NEEDLESS
from datalayer.errors import ProblemsFound
from datalayer.migrate import PROFILES, migrate, profiles_of
from datalayer.server import scratch_database, use_server
from datalayer.server.timescaledb import use_timescaledb

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from datalayer.codegen.rendering.writer import StaleReport
    from datalayer.config import Config
    from datalayer.model import Finding, QueryShape

NATIVE, TIMESCALEDB = PROFILES


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What the profiles of a project generate, beside what is on disk."""

    #: What the first profile generates.
    generated: Generated
    #: What deserves a look; what is needless is so under all profiles.
    findings: tuple[Finding, ...]
    #: How the files on disk differ from that.
    stale: StaleReport
    #: How each of the other profiles differs from the first one.
    differences: Mapping[str, Difference]
    #: All that were checked.
    profiles: tuple[str, ...]
    #: Whether the migrations make the profiles differ at all.
    has_variants: bool

    @property
    def is_clean(self) -> bool:
        """Tell whether all is as it should be."""
        return not (self.stale.paths or any(d.paths for d in self.differences.values()))


def build(
    config: Config, *, server_url: str | None = None, profile: str = NATIVE
) -> Generated:
    """Generate a project's modules in memory.

    The migrations run in a scratch database that is dropped afterwards: on the server
    of `server_url` (PostgreSQL 16 or newer), or on a throw-away embedded one; those of
    the profile `timescaledb` on a throw-away TimescaleDB.
    Raises `ProblemsFound` with every problem of the migrations or the queries.
    """
    with (
        _migrated(config, server_url, profile) as url,
        _connect(url) as connection,
    ):
        return generate_modules(
            connection,
            queries=config.queries,
            root=config.root,
            package=config.package,
            types=config.types,
            new_types=config.new_types,
        )


@dataclass(frozen=True, slots=True)
class Built:
    """A scratch database that a project's migrations built, and its queries."""

    url: str
    shapes: tuple[QueryShape, ...]


@contextmanager
def migrated_shapes(
    config: Config, *, server_url: str | None = None, profile: str = NATIVE
) -> Iterator[Built]:
    """Build a project's scratch database and keep it for a while; see `build`."""
    with _migrated(config, server_url, profile) as url:
        with _connect(url) as connection:
            generated = generate_modules(
                connection,
                queries=config.queries,
                root=config.root,
                package=config.package,
                types=config.types,
                new_types=config.new_types,
            )
        yield Built(url, generated.shapes)


def generate(
    config: Config, *, server_url: str | None = None
) -> tuple[Generated, WriteReport]:
    """Generate a project's modules and write those that changed; see `build`."""
    generated = build(config, server_url=server_url)
    if len(_profiles_of(config)) > 1:
        # Another profile may need what this one does not.
        generated = replace(generated, shapes=tuple(map(_needed, generated.shapes)))
    return generated, write_modules(config.output, generated.modules)


def _needed(shape: QueryShape) -> QueryShape:
    found = tuple(each for each in shape.findings if each.rule not in NEEDLESS)
    return replace(shape, findings=found)


def check(
    config: Config,
    *,
    server_url: str | None = None,
    profiles: Sequence[str] | None = None,
) -> CheckReport:
    """Generate a project's modules and compare them with what is on disk.

    The same modules must come out under each of the profiles, by default under all
    that the migrations have variants for.
    """
    known = _profiles_of(config)
    first, *others = profiles or known
    generated = _build_under(first, config, server_url)
    differences = {}
    findings = generated.findings
    for profile in others:
        found = _build_under(profile, config, server_url)
        findings = _in_both(findings, found.findings)
        differences[profile] = compare_modules(
            generated.modules, found.modules, labels=(first, profile)
        )
    return CheckReport(
        generated,
        findings,
        stale_modules(config.output, generated.modules),
        differences,
        profiles=(first, *others),
        has_variants=len(known) > 1,
    )


def _in_both(
    first: Sequence[Finding], second: Sequence[Finding]
) -> tuple[Finding, ...]:
    """Return all findings, but what is needless only where both have it."""
    common = [each for each in first if each.rule not in NEEDLESS or each in second]
    more = [each for each in second if each.rule not in NEEDLESS and each not in first]
    return (*common, *more)


def _build_under(profile: str, config: Config, server_url: str | None) -> Generated:
    try:
        return build(config, server_url=server_url, profile=profile)
    except ProblemsFound as found:
        # They need not be there under the profile that everybody tries first.
        if profile == NATIVE:
            raise
        raise ProblemsFound(
            found.problems, profile=profile, findings=found.findings
        ) from None


def _profiles_of(config: Config) -> tuple[str, ...]:
    if not config.migrations.is_dir():
        return (NATIVE,)
    return profiles_of(config.migrations)


@contextmanager
def _migrated(config: Config, server_url: str | None, profile: str) -> Iterator[str]:
    with _empty_database(server_url, profile) as url:
        if config.migrations.is_dir():
            migrate(url, config.migrations, profile=profile)
        yield url


@contextmanager
def _empty_database(server_url: str | None, profile: str) -> Iterator[str]:
    if profile == TIMESCALEDB:
        with use_timescaledb() as timescale:
            yield timescale.url
        return
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
