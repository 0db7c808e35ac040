"""The functions that give the rows of a query one by one, called to the end."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from datalayer.proving.results import LOOKED_AT

if TYPE_CHECKING:
    from datalayer.proving.functions import Function


class StreamDiffers(Exception):
    """As many rows are streamed as are listed, or one of the functions is wrong."""


def as_list(stream: Function, listing: Function, *, is_async: bool) -> Function:
    """Return a function that lists what one streams, in the place of another.

    It raises `StreamDiffers` where the other one returns more rows, or fewer.
    """

    def read(connection: Any, **arguments: object) -> list[Any]:  # noqa: ANN401 - of psycopg
        listed = listing.call(connection, **arguments)
        with stream.call(connection, **arguments) as rows:
            found = list(itertools.islice(rows, LOOKED_AT))
        return _compared(found, listed)

    async def read_async(connection: Any, **arguments: object) -> list[Any]:  # noqa: ANN401 - as above
        listed = await listing.call(connection, **arguments)
        found: list[Any] = []
        async with stream.call(connection, **arguments) as rows:
            async for row in rows:
                found.append(row)
                if len(found) == LOOKED_AT:
                    break
        return _compared(found, listed)

    return replace(stream, call=read_async if is_async else read)


def _compared(found: list[Any], listed: Any) -> list[Any]:  # noqa: ANN401 - of any kind
    # The keys of a dictionary need not be as many.
    count = min(len(listed), LOOKED_AT)
    if isinstance(listed, list) and len(found) != count:
        more = " at least" if count == LOOKED_AT else ""
        raise StreamDiffers(
            f"it streams {len(found)} rows, and{more} {count} are listed"
        )
    return found
