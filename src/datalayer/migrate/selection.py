"""Which components a run is about, in the order that `requires=` asks for."""

from __future__ import annotations

from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from datalayer.errors import (
    ComponentRequirementError,
    LocatedError,
    UnknownComponent,
    UnknownVersion,
)
from datalayer.location import Location

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalayer.migrate.files import Component, MigrationFile


@dataclass(frozen=True, slots=True)
class Selection:
    """The components of a run, in order, and where the one that was named stops."""

    components: tuple[Component, ...]
    #: The names of all components of the folder.
    known: tuple[str, ...]
    #: The component that `to` is about, and the number of its last file.
    target: tuple[str, int] | None = None
    problems: tuple[LocatedError, ...] = ()

    def includes(self, file: MigrationFile) -> bool:
        """Tell whether the run goes as far as a file."""
        return (
            self.target is None
            or file.component != self.target[0]
            or file.number <= self.target[1]
        )


def select(
    components: Sequence[Component], names: Sequence[str] | None, to: str | None
) -> Selection:
    """Return the named components (default: all) with those that they require."""
    known = {component.name: component for component in components}
    for name in names or ():
        if name not in known:
            listed = ", ".join(f"`{n}`" for n in known) or "none"
            raise UnknownComponent(
                f"no component `{name}`", help=f"the components are {listed}"
            )
    wanted = list(known) if names is None else list(dict.fromkeys(names))
    target = None if to is None else _target([known[n] for n in wanted], to)
    problems = _unknown_requirements(known)
    graph = {
        name: [r for r in known[name].requires if r in known]
        for name in _with_required(known, wanted)
    }
    ordered, cycle = _order(graph, known)
    return Selection(
        tuple(known[name] for name in ordered),
        tuple(known),
        target,
        (*problems, *cycle),
    )


def _target(components: list[Component], to: str) -> tuple[str, int]:
    if len(components) != 1:
        raise UnknownComponent(
            f"version {to} of which component",
            help="name one: versions are counted in each component by itself",
        )
    component = components[0]
    versions = {file.number: file.version for file in component.files}
    if not (to.isascii() and to.isdigit() and int(to) in versions):
        listed = ", ".join(versions.values()) or "none"
        raise UnknownVersion(
            f"component `{component.name}` has no version `{to}`",
            help=f"the versions are {listed}",
        )
    return component.name, int(to)


def _with_required(known: dict[str, Component], wanted: list[str]) -> list[str]:
    found: list[str] = []
    queue = list(wanted)
    while queue:
        name = queue.pop(0)
        if name in known and name not in found:
            found.append(name)
            queue.extend(known[name].requires)
    return found


def _unknown_requirements(known: dict[str, Component]) -> list[LocatedError]:
    return [
        ComponentRequirementError(
            f"requires `{name}`, which is no component",
            location=Location(file.path),
            help=f"the components are {', '.join(f'`{n}`' for n in known)}",
        )
        for component in known.values()
        for file in component.files
        for name in file.header.requires
        if name not in known
    ]


def _order(
    graph: dict[str, list[str]], known: dict[str, Component]
) -> tuple[list[str], list[LocatedError]]:
    """Return the names with the required first, alphabetically where free."""
    sorter = TopologicalSorter({name: graph[name] for name in sorted(graph)})
    try:
        sorter.prepare()
    except CycleError as error:
        return sorted(graph), [_cycle(error.args[1], known)]
    ordered: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        ordered.extend(ready)
        sorter.done(*ready)
    return ordered, []


def _cycle(names: list[str], known: dict[str, Component]) -> LocatedError:
    # graphlib lists each before what requires it; people read it the other way round.
    first, second = names[-1], names[-2]
    file = next(f for f in known[first].files if second in f.header.requires)
    return ComponentRequirementError(
        f"components require each other: {' → '.join(reversed(names))}",
        location=Location(file.path),
        help="remove one of the `requires=`",
    )
