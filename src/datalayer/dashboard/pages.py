"""One function for each address: it reads, and returns the content of a page."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.responses import RedirectResponse

from datalayer.dashboard.entity_page import make_entity_page
from datalayer.dashboard.overview import make_overview_page
from datalayer.dashboard.parameters import (
    BadParameter,
    OverviewRequest,
    read_before,
    read_id,
    read_overview_request,
    read_search,
)
from datalayer.dashboard.reading import find_matches, read_overview
from datalayer.dashboard.reading_history import read_execution, read_worker
from datalayer.dashboard.rendering import make_frame, render
from datalayer.dashboard.responses import respond
from datalayer.dashboard.states import Fragment, bad_request, not_found

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from datalayer.dashboard.source import ReadConnection, Source


class Pages:
    """The pages of one database."""

    def __init__(self, source: Source, *, default_hours: int, grace: float) -> None:
        """Read from a source; without a choice show the last hours."""
        self._source = source
        self._default_hours = default_hours
        self._grace = grace

    async def overview(self, request: Request) -> Response:
        """Return the numbers of a range."""
        place = self._source.place
        try:
            wanted = read_overview_request(
                request.query_params, default_hours=self._default_hours
            )
        except BadParameter as error:
            default = OverviewRequest(self._default_hours)
            frame = make_frame("Automation", place=place, request=default)
            return await respond(request, frame, bad_request(str(error)))
        frame = make_frame("Automation", place=place, request=wanted)
        work = partial(_overview, request=wanted)
        return await respond(
            request, frame, work, source=self._source, grace=self._grace
        )

    async def execution(self, request: Request) -> Response:
        """Return an execution and its history."""
        return await self._entity(request, "execution")

    async def worker(self, request: Request) -> Response:
        """Return a worker and its history."""
        return await self._entity(request, "worker")

    async def _entity(self, request: Request, kind: str) -> Response:
        text = request.path_params["id"]
        frame = make_frame(f"{kind.capitalize()} {text[:19]}", place=self._source.place)
        number = read_id(text)
        if number is None:
            fragment = not_found("Executions and workers have whole numbers.")
            return await respond(request, frame, fragment)
        try:
            before = read_before(request.query_params)
        except BadParameter as error:
            return await respond(request, frame, bad_request(str(error)))
        work = partial(_entity, kind=kind, number=number, before=before)
        return await respond(
            request, frame, work, source=self._source, grace=self._grace
        )

    async def search(self, request: Request) -> Response:
        """Return what has a number or a name; go to it where it is the only one."""
        place = self._source.place
        try:
            text = read_search(request.query_params)
        except BadParameter as error:
            frame = make_frame("Search", place=place)
            return await respond(request, frame, bad_request(str(error)))
        if not text:
            return RedirectResponse("/", 303)
        frame = make_frame("Search", place=place, searched=text)
        work = partial(_search, text=text)
        return await respond(
            request, frame, work, source=self._source, grace=self._grace
        )


async def _overview(
    connection: ReadConnection, *, request: OverviewRequest
) -> Fragment:
    try:
        overview = await read_overview(connection, request)
    except BadParameter as error:
        return bad_request(str(error))
    page = make_overview_page(overview)
    return Fragment(render("overview.html", page=page, request=request))


async def _entity(
    connection: ReadConnection, *, kind: str, number: int, before: int | None
) -> Fragment:
    read = read_execution if kind == "execution" else read_worker
    history = await read(connection, number, before)
    if history is None:
        return not_found(
            f"There is no {kind} {number}, and no history of it is kept any more."
        )
    page = make_entity_page(history, is_first_page=before is None)
    return Fragment(render("entity.html", page=page))


async def _search(connection: ReadConnection, *, text: str) -> Fragment:
    matches = await find_matches(connection, text)
    if len(matches) == 1:
        only = matches[0]
        return Fragment("", 303, f"/{only.kind}/{only.id}")
    is_action = any(m.kind == "execution" and m.ref == text for m in matches)
    link = f"/?{urlencode({'action_ref': text})}" if is_action else None
    return Fragment(
        render("search.html", matches=matches, searched=text, filter_link=link)
    )
