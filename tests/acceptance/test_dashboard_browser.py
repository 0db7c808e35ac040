"""The dashboard in Chromium: what people see, and what their browser does."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from dashboard_process import serve_dashboard
from playwright.sync_api import Browser, Page, sync_playwright

from automation_data import seed_history, seed_story, seed_workers
from datalayer.migrate import migrate
from datalayer.server import Server, scratch_database

pytestmark = pytest.mark.postgres

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]
#: What the browser says by itself of an answer that is no success.
_STATUS_NOTE = "Failed to load resource: the server responded with a status of"

#: Boxes that stick out to the right of the page, unless something above scrolls them.
_OVERFLOWING = """() => [...document.querySelectorAll('body *')].filter(element => {
    const scrolls = element.closest('.scroll, .skip, .unseen, pre');
    return !scrolls && element.getBoundingClientRect().right > innerWidth + 1;
}).map(element => element.outerHTML.slice(0, 80))"""

#: Lists of which a part is out of sight.
_SCROLLING = """() => [...document.querySelectorAll('.scroll:has(> .list)')]
    .filter(region => region.scrollWidth > region.clientWidth + 1)
    .map(region => region.ariaLabel)"""

#: Labels of one axis that touch each other.
_TOUCHING = """() => [...document.querySelectorAll('.plot > svg')].flatMap(axis => {
    const boxes = [...axis.querySelectorAll('text')]
        .map(text => [text.textContent, text.getBoundingClientRect()])
        .filter(([, box]) => box.width > 0);
    return boxes.flatMap(([a, one], i) => boxes.slice(i + 1)
        .filter(([, two]) => one.left < two.right && two.left < one.right
            && one.top < two.bottom && two.top < one.bottom)
        .map(([b]) => a + ' and ' + b));
})"""


def _find_browser() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = _find_browser()
    if program is None and os.environ.get("CI") != "true":
        pytest.skip("needs chromium")
    assert program is not None, "continuous integration has to install chromium"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        yield launched
        launched.close()


@dataclass(frozen=True, slots=True)
class Site:
    """A running dashboard and its database."""

    address: str
    url: str
    story: int = 0


@pytest.fixture(scope="module")
def site(server: Server) -> Iterator[Site]:
    """A dashboard of eight days, with one execution that has a story."""
    with scratch_database(server.url()) as url:
        migrate(url, MIGRATIONS)
        with psycopg.connect(url) as connection:
            seed_workers(connection)
            seed_history(connection, hours=24 * 8, factor=0.2)
            story = seed_story(connection)
            _seed_long_names(connection)
            connection.execute("SELECT * FROM datalayer_maintain()")
        with serve_dashboard(url) as (address, _):
            yield Site(address.rstrip("/"), url, story)


def _seed_long_names(connection: psycopg.Connection) -> None:
    for ref in ("x" * 300, "one.of.many.parts." * 12, "\u202e<i>\u0627\u062e"):
        connection.execute("INSERT INTO execution (action_ref) VALUES (%s)", (ref,))
    connection.execute(
        "INSERT INTO worker (name, worker_type, worker_role) "
        "VALUES (repeat('w', 200), 'local', 'action')"
    )


@dataclass(slots=True)
class Visit:
    """A page with all that it asked for and complained about."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        if not text.startswith(_STATUS_NOTE):
            self.complaints.append(text)


Open = Callable[..., Visit]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Open addresses; afterwards none may have complained or asked elsewhere."""
    visits: list[tuple[str, Visit]] = []

    def open_address(address: str, *, width: int = 1280, dark: bool = False) -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": 844},
            color_scheme="dark" if dark else "light",
        )
        visit = Visit(context.new_page())
        visit.page.on("request", lambda request: visit.requests.append(request.url))
        visit.page.on("console", lambda message: visit.note(message.text))
        visit.page.on("pageerror", lambda error: visit.note(str(error)))
        visit.page.goto(address)
        visits.append((address, visit))
        return visit

    yield open_address
    for address, visit in visits:
        home = "/".join(address.split("/")[:3]) + "/"
        visit.page.context.close()
        assert visit.complaints == []
        assert [each for each in visit.requests if not each.startswith(home)] == []


def test_overview_shows_its_charts(site: Site, open_page: Open) -> None:
    page = open_page(site.address).page

    charts = page.get_by_role("img")
    assert page.get_by_role("heading", level=1).inner_text() == "All actions"
    assert charts.count() == 4
    for number in range(4):
        box = charts.nth(number).bounding_box()
        assert box is not None
        assert box["width"] > 300
        assert charts.nth(number).locator("path").count() >= 1
    assert page.locator(".loading").count() == 0


def test_the_table_of_a_chart_opens(site: Site, open_page: Open) -> None:
    page = open_page(site.address).page
    table = page.get_by_role("region", name="Throughput as a table")

    page.get_by_text("Show as a table").first.click()

    table.wait_for()
    assert table.locator("tbody tr").count() == 25


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_pages_fit_the_window(site: Site, open_page: Open, width: int) -> None:
    page = open_page(site.address, width=width).page

    for hours in (6, 24, 168, 720, 8760):
        page.goto(f"{site.address}/?hours={hours}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(_OVERFLOWING) == [], hours
        assert page.evaluate(_SCROLLING) == [], hours
        assert page.evaluate(_TOUCHING) == [], hours


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_histories_fit_the_window(site: Site, open_page: Open, width: int) -> None:
    page = open_page(f"{site.address}/execution/{site.story}", width=width).page
    page.locator("details.long summary").first.click()

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(_OVERFLOWING) == []


def test_history_is_told_as_text(site: Site, open_page: Open) -> None:
    page = open_page(f"{site.address}/execution/{site.story}").page

    assert page.locator(".timeline > li").count() == 8
    assert page.get_by_text("<script>alert('no')</script>").count() == 1
    assert page.locator("script").count() == 0


def test_colours_follow_the_reader(site: Site, open_page: Open) -> None:
    question = "getComputedStyle(document.body).backgroundColor"

    light = open_page(site.address).page.evaluate(question)
    dark = open_page(site.address, dark=True).page.evaluate(question)

    assert (light, dark) == ("rgb(244, 246, 248)", "rgb(15, 19, 23)")


def test_focus_is_seen_and_goes_everywhere(site: Site, open_page: Open) -> None:
    page = open_page(site.address).page
    seen = []
    for _ in range(12):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                "() => [document.activeElement.textContent.trim().slice(0, 20),"
                "getComputedStyle(document.activeElement).outlineStyle,"
                "getComputedStyle(document.activeElement).outlineWidth]"
            )
        )

    assert seen[0][0] == "Skip to content"
    assert [name for name, style, _ in seen if style == "none"] == []
    assert {width for _, _, width in seen} == {"2px"}
    assert [name for name, _, _ in seen if name.endswith((" h", " d"))] == [
        "6 h",
        "24 h",
        "7 d",
        "30 d",
    ]


def test_a_click_filters_and_the_search_finds(site: Site, open_page: Open) -> None:
    page = open_page(site.address).page

    page.get_by_role("link", name="mail.send").click()
    page.wait_for_url("**/?hours=24&action_ref=mail.send")
    assert page.get_by_role("heading", level=1).inner_text() == "mail.send"

    page.get_by_role("searchbox").fill(str(site.story))
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=**", wait_until="commit")


def test_a_slow_page_shows_its_frame_first(site: Site, open_page: Open) -> None:
    page = open_page(f"{site.address}/?hours=0").page

    with psycopg.connect(site.url) as connection:
        connection.execute("LOCK TABLE worker IN ACCESS EXCLUSIVE MODE")
        page.goto(site.address, wait_until="commit")
        page.get_by_role("status").wait_for()
        assert page.get_by_text("Reading the database").is_visible()
    page.get_by_role("heading", name="Throughput").wait_for()

    assert page.get_by_text("Reading the database").is_hidden()


def test_an_empty_database_looks_friendly(database_url: str, open_page: Open) -> None:
    with serve_dashboard(database_url) as (address, _):
        page = open_page(address, width=390).page

        assert page.get_by_role("heading", name="Nothing here yet").is_visible()
        assert page.evaluate(_OVERFLOWING) == []


def test_a_broken_database_has_a_page(database_url: str, open_page: Open) -> None:
    with serve_dashboard(database_url) as (address, _):
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("DROP VIEW execution_throughput_hourly")
        page = open_page(address, width=390).page

        assert page.get_by_role("alert").is_visible()
        assert page.get_by_role("link", name="Try again").is_visible()
        assert page.evaluate(_OVERFLOWING) == []
