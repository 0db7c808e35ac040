"""The difference between two documents as an RFC 6902 patch."""

from __future__ import annotations

from typing import TypeAlias

import jsonpatch

from demonstration.documents import Json, canonical

Operation: TypeAlias = dict[str, Json]


def difference(old: Json, new: Json) -> list[Operation]:
    """Return operations that turn one document into the other; none when they equal."""
    patch = jsonpatch.make_patch(old, new)
    if canonical(patch.apply(old)) == canonical(new):
        operations: list[Operation] = patch.patch
        return operations
    # The library looks for a short patch; what it finds is not taken on trust.
    return [{"op": "replace", "path": "", "value": new}]
