"""Which fragments the queries of a file can use."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.errors import DuplicateFragmentError
from datalayer.location import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datalayer.model import Fragment

#: The fragments of a file by name; None for one that is wrong.
FileFragments = dict[str, "Fragment | None"]


@dataclass(frozen=True, slots=True)
class FragmentScope:
    """The fragments of a folder and of those above it."""

    fragments: Mapping[str, Fragment | None]
    #: Where fragments are that cannot be used here.
    elsewhere: Mapping[str, Fragment]

    def advice(self, name: str) -> str:
        """Return what to do about a name that is none of a fragment."""
        other = self.elsewhere.get(name)
        if other is not None:
            return (
                f"`{name}` at {other.location} serves its own folder and those below:"
                " move it to a file further up"
            )
        near = difflib.get_close_matches(name, self.fragments, n=1)
        if near:
            return f"did you mean `{near[0]}`?"
        return f"write `-- fragment: {name}` above the first query of a file"


def scope_of(
    module: tuple[str, ...], files: Mapping[tuple[str, ...], FileFragments]
) -> FragmentScope:
    """Return what the queries of a module can use; `files` are by module."""
    here: FileFragments = {}
    elsewhere: dict[str, Fragment] = {}
    for other, fragments in files.items():
        if serves(other, module):
            here |= fragments
        else:
            elsewhere |= {n: each for n, each in fragments.items() if each}
    return FragmentScope(here, elsewhere)


def fragment_clashes(
    files: Mapping[tuple[str, ...], FileFragments],
) -> Iterator[DuplicateFragmentError]:
    """Find fragments of one name that one query could mean."""
    found = sorted(
        (
            (fragment, module)
            for module, fragments in files.items()
            for fragment in fragments.values()
            if fragment is not None
        ),
        key=lambda each: each[0].location,
    )
    for index, (fragment, module) in enumerate(found):
        for other, place in found[:index]:
            overlap = serves(place, module) or serves(module, place)
            if other.name == fragment.name and overlap:
                yield DuplicateFragmentError(
                    f"the fragment `{fragment.name}` is also at {other.location}",
                    location=fragment.location,
                    excerpt=excerpt(fragment.file_text, fragment.location),
                    help="rename one of the two",
                )
                break


def serves(file: tuple[str, ...], module: tuple[str, ...]) -> bool:
    """Tell whether the queries of a module can use the fragments of a file."""
    folder = file[:-1]
    return module[: len(folder)] == folder and len(module) > len(folder)
