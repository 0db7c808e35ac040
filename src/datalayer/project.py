"""What the commands do with a project: generate its modules, or check them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from datalayer.codegen.pipeline import Generated, Memory, assemble_modules
from datalayer.codegen.rendering.writer import (
    Difference,
    WriteReport,
    compare_modules,
    stale_modules,
    write_modules,
)
from datalayer.codegen.rules import NEEDLESS
from datalayer.errors import ProblemsFound
from datalayer.finding_shapes import migrated_database, open_finder
from datalayer.last_run import Summary, remember
from datalayer.migrate import PROFILES, profiles_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from datalayer.codegen.rendering.writer import StaleReport
    from datalayer.config import Config
    from datalayer.finding_shapes import ShapeFinder
    from datalayer.model import Finding, QueryShape

NATIVE, _ = PROFILES


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
    config: Config,
    *,
    server_url: str | None = None,
    profile: str = NATIVE,
    offline: bool = False,
    memory: Memory | None = None,
) -> Generated:
    """Generate a project's modules in memory.

    What earlier runs found out is taken from the cache of the project. For the rest the
    migrations run in a scratch database that is dropped afterwards: on the server of
    `server_url` (PostgreSQL 16 or newer, without a cache), or on a throw-away embedded
    one; for the profile `timescaledb` either is one that has TimescaleDB.
    Raises `ProblemsFound` with every problem of the migrations or the queries, and
    `CacheIncomplete` when a server is needed `offline`.
    """
    with open_finder(config, profile, server_url=server_url, offline=offline) as finder:
        return build_with(finder, memory)


def build_with(finder: ShapeFinder, memory: Memory | None = None) -> Generated:
    """Generate the modules of a finder's project in memory; see `assemble_modules`."""
    config = finder.config
    return assemble_modules(
        finder.find,
        queries=config.queries,
        root=config.root,
        package=config.package,
        new_types=config.new_types,
        memory=memory,
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
    with migrated_database(config, server_url, profile) as url:
        # It is closed again: some servers take one connection at a time.
        with open_finder(
            config, profile, server_url=server_url, migrated=url
        ) as finder:
            shapes = build_with(finder).shapes
        yield Built(url, shapes)


def generate(
    config: Config, *, server_url: str | None = None
) -> tuple[Generated, WriteReport]:
    """Generate a project's modules and write those that changed; see `build`."""
    generated = without_doubts(config, build(config, server_url=server_url))
    report = write_modules(config.output, generated.modules)
    if server_url is None:
        remember(config, _summary(generated, profiles=()))
    return generated, report


def _summary(generated: Generated, profiles: tuple[str, ...]) -> Summary:
    return Summary(
        queries=len(generated.shapes),
        modules=len(generated.modules),
        findings=generated.findings,
        profiles=profiles,
    )


def without_doubts(config: Config, generated: Generated) -> Generated:
    """Leave out findings that another profile may not share."""
    if len(_profiles_of(config)) == 1:
        return generated
    # Another profile may need what this one does not.
    return replace(generated, shapes=tuple(map(_needed, generated.shapes)))


def _needed(shape: QueryShape) -> QueryShape:
    found = tuple(each for each in shape.findings if each.rule not in NEEDLESS)
    return replace(shape, findings=found)


def check(
    config: Config,
    *,
    server_url: str | None = None,
    profiles: Sequence[str] | None = None,
    offline: bool = False,
) -> CheckReport:
    """Generate a project's modules and compare them with what is on disk.

    `offline` asks no server, and needs the cache of an earlier run. The same modules
    must come out under each of the profiles, by default under all that the migrations
    have variants for.
    """
    known = _profiles_of(config)
    first, *others = profiles or known
    memory = Memory()
    generated = _build_under(first, config, server_url, offline, memory)
    differences = {}
    findings = generated.findings
    for profile in others:
        found = _build_under(profile, config, server_url, offline, memory)
        findings = _in_both(findings, found.findings)
        differences[profile] = compare_modules(
            generated.modules, found.modules, labels=(first, profile)
        )
    report = CheckReport(
        generated,
        findings,
        stale_modules(config.output, generated.modules),
        differences,
        profiles=(first, *others),
        has_variants=len(known) > 1,
    )
    if report.is_clean and server_url is None and profiles is None:
        shown = report.profiles if report.has_variants else ("",)
        summary = _summary(generated, shown)
        remember(config, replace(summary, findings=findings))
    return report


def _in_both(
    first: Sequence[Finding], second: Sequence[Finding]
) -> tuple[Finding, ...]:
    """Return all findings, but what is needless only where both have it."""
    common = [each for each in first if each.rule not in NEEDLESS or each in second]
    more = [each for each in second if each.rule not in NEEDLESS and each not in first]
    return (*common, *more)


def _build_under(
    profile: str,
    config: Config,
    server_url: str | None,
    offline: bool,
    memory: Memory,
) -> Generated:
    # One server for the profiles would have to be with and without TimescaleDB.
    url = server_url if profile == NATIVE else None
    try:
        return build(
            config,
            server_url=url,
            profile=profile,
            offline=offline,
            memory=memory,
        )
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
