"""Charts as shapes, and pages as HTML that says nothing but its text."""

from __future__ import annotations

import html
import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from datalayer.dashboard.charts import Plan, Series, Tick, bar_chart, line_chart
from datalayer.dashboard.model import (
    ActionTotals,
    HourlyCount,
    Overview,
    Period,
    WorkerHealth,
)
from datalayer.dashboard.overview import make_overview_page
from datalayer.dashboard.parameters import OverviewRequest
from datalayer.dashboard.rendering import make_frame, prose, render
from datalayer.dashboard.series import make_grid

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOSTILE = (
    "<script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "</title><svg onload=alert(1)>",
    "{{ 7 * 7 }}",
    "<!--content-->",
    "\u202egnp.exe",
    "\u0627\u062e\u062a\u0628\u0627\u0631",
)


def _plan(*values: float | None, name: str = "x") -> Plan:
    return Plan("name", "Title", "Summary", (Series(name, name, values),))


def test_columns_stand_on_each_other() -> None:
    grid = make_grid(Period(NOON - timedelta(hours=2), NOON))
    series = (Series("a", "a", (1, 2)), Series("b", "b", (3, 2)))

    chart = bar_chart(grid, Plan("name", "Title", "Summary", series))

    # From the bottom (100) to 1 of 4, and from there to the top (0).
    assert chart.marks[0].path.startswith("M0.08 100V75h0.84V100z")
    assert chart.marks[1].path.startswith("M0.08 75V0h0.84V75z")
    assert [tick.label for tick in chart.y_ticks] == ["0", "1", "2", "3", "4"]


def test_nothing_has_no_shape_and_an_axis() -> None:
    grid = make_grid(Period(NOON - timedelta(hours=2), NOON))

    chart = bar_chart(grid, _plan(0, 0))

    assert chart.marks == ()
    assert [tick.label for tick in chart.y_ticks] == ["0", "1"]
    assert len(chart.slots) == len(chart.rows) == 2


def test_a_line_ends_where_there_is_no_value() -> None:
    grid = make_grid(Period(NOON - timedelta(hours=4), NOON))

    (mark,) = line_chart(grid, _plan(1, 1, None, 1)).marks

    assert mark.path == "M0.5 0h0L1.5 0M3.5 0h0"


def test_the_edges_of_the_period_are_pale() -> None:
    period = Period(NOON - timedelta(hours=3, minutes=30), NOON + timedelta(minutes=1))

    chart = bar_chart(make_grid(period), _plan(1, 1, 1, 1, 1))

    assert chart.pale == (0, 4)
    assert chart.rows[0] == ("Sat\xa021\xa0Nov, 08:00 *", "1")


@pytest.mark.parametrize("hours", [1, 2, 6, 24, 72, 168, 336, 720, 2000, 8760])
def test_labels_of_time_have_room_at_any_hour(hours: int) -> None:
    for past in range(0, 24 * 8, 5):
        until = NOON - timedelta(hours=past, minutes=7)
        grid = make_grid(Period(until - timedelta(hours=hours), until))
        ticks = bar_chart(grid, _plan(*[1] * grid.count)).x_ticks

        # As wide as on a page of 320 pixels, and on one of two columns.
        assert _touching([tick for tick in ticks if tick.is_major], 215) == []
        assert _touching(ticks, 395) == []


def _touching(ticks: Sequence[Tick], width: float) -> list[tuple[str, str]]:
    boxes = []
    for tick in ticks:
        middle = float(tick.position.rstrip("%")) / 100 * width
        half = 6.7 * len(tick.label) / 2
        boxes.append((tick.label, middle - half, middle + half))
    return [(a[0], b[0]) for a, b in pairwise(boxes) if a[2] >= b[1]]


def _overview(text: str) -> Overview:
    hour = NOON - timedelta(hours=2)
    counts = (HourlyCount(hour, 3),)
    return Overview(
        now=NOON,
        period=Period(NOON - timedelta(hours=6), NOON),
        action_ref=text,
        executions=counts,
        transitions=(HourlyCount(hour, 2, text), HourlyCount(hour, 1, "failed")),
        events=counts,
        enforcements=counts,
        actions=(ActionTotals(text, 3, 1, 1, 0),),
        workers=(WorkerHealth(1, text, "action", "local", "active", NOON, True),),
        worker_count=1,
        healthy_count=1,
    )


def _page(text: str) -> str:
    request = OverviewRequest(hours=6, action_ref=text)
    frame = make_frame(text, place=text, searched=text, request=request)
    page = make_overview_page(_overview(text))
    content = render("overview.html", page=page, request=request)
    # `<wbr>` lets long names break, and is no part of them.
    return frame.around(content).replace("<wbr>", "")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_text(text: str) -> None:
    page = _page(text)

    assert html.unescape(page).count(text) >= 5
    assert _elements(page) == _elements(_page("a"))


def _elements(page: str) -> int:
    return len(re.findall(r"<[a-z/!]", page))


@pytest.mark.parametrize("text", HOSTILE[-2:])
def test_names_do_not_turn_their_surroundings(text: str) -> None:
    cells = re.findall(r"<h1>(.*?)</h1>|<a [^>]*>(.*?)</a></th>", _page(text))

    names = ["".join(cell) for cell in cells if text in "".join(cell)]
    assert len(names) == 3
    assert all(name.startswith("<bdi>") for name in names)


def test_charts_are_well_formed_and_named() -> None:
    found = re.findall(r"<svg.*?</svg>(?=\s*<svg|\s*</div>)", _page("a"), re.DOTALL)
    charts = [ET.fromstring(svg) for svg in found if 'role="img"' in svg]

    assert len(charts) == 4
    assert all(chart.get("aria-labelledby") for chart in charts)
    assert all(chart.findall("rect/title") for chart in charts)


def test_every_chart_has_a_table() -> None:
    page = _page("a")

    assert page.count("<caption") == page.count('class="panel chart"') == 4


def test_prose_marks_code_and_escapes_the_rest() -> None:
    assert prose("a <b> `c<d` e") == "a &lt;b&gt; <code>c&lt;d</code> e"
