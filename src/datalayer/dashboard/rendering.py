"""Pages as HTML, in two halves around what the database has yet to say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from datalayer.dashboard import formatting
from datalayer.dashboard.parameters import RANGES, field_time

if TYPE_CHECKING:
    from datalayer.dashboard.parameters import OverviewRequest

FOLDER = Path(__file__).parent

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def breakable(text: str) -> Markup:
    """Return a name that may break into lines at its punctuation."""
    return Markup("<wbr>").join(re.split(r"(?<=[._:/-])(?=\w)", text))


def prose(text: str) -> Markup:
    """Return a text in which what stands in backquotes is code."""
    parts = [escape(part) for part in text.split("`")]
    parts[1::2] = [Markup("<code>{}</code>").format(part) for part in parts[1::2]]
    return Markup().join(parts)


_ENVIRONMENT.filters |= {
    "breakable": breakable,
    "prose": prose,
    "field_time": field_time,
    "moment": formatting.moment,
    "number": formatting.number,
}

#: Stands in the layout for what comes later; no value can hold it, `<` is escaped.
_SEAM = Markup("<!--content-->")


@dataclass(frozen=True, slots=True)
class Frame:
    """A page without its content."""

    before: str
    after: str

    def around(self, content: str) -> str:
        """Return the whole page."""
        return self.before + content + self.after


def render(template: str, **values: object) -> Markup:
    """Return a template filled with values; whatever is text is escaped."""
    return Markup(_ENVIRONMENT.get_template(template).render(values))


def make_frame(
    title: str,
    *,
    place: str,
    searched: str = "",
    request: OverviewRequest | None = None,
) -> Frame:
    """Return the frame of a page; a request puts the choice of ranges into it."""
    toolbar = Markup()
    if request is not None:
        toolbar = render("toolbar.html", request=request, ranges=RANGES)
    page = render(
        "layout.html",
        title=title,
        place=place,
        searched=searched,
        toolbar=toolbar,
        content=_SEAM,
    )
    before, _, after = page.partition(_SEAM)
    return Frame(before, after)
