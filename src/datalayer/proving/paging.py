"""Which order of a query is asked for, and what follows its first page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from datalayer.runtime import Page

if TYPE_CHECKING:
    from datalayer.model import QueryShape
    from datalayer.proving.model import Draw

#: So many pages are read, with cursors between them.
_PAGES = 4


def ordered(shape: QueryShape, draw: Draw) -> dict[str, object]:
    """Return the argument for one of the orders of a query, by chance."""
    ordering = shape.source.ordering
    if ordering is None or not ordering.orders:
        return {}
    number = draw.focus + sum(draw.arguments)
    return {"order": ordering.orders[number % len(ordering.orders)].name}


def with_following(result: Any, read_page: Callable[[str], Any]) -> Any:  # noqa: ANN401 - of any query
    """Return the rows of a page and of those behind it; what is none as it is."""
    if not isinstance(result, Page):
        return result
    page: Page[Any] = result
    items = list(page.items)
    for _ in range(1, _PAGES):
        if page.next is None:
            break
        page = read_page(page.next)
        items += page.items
    return items
