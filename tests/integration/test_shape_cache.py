"""What is remembered of the queries of a project, and when it is forgotten."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from datalayer import finding_shapes, last_run, project
from datalayer.codegen import analyser, pipeline
from datalayer.codegen.analyser import AnalysisResult, Session
from datalayer.codegen.shape_text import NotAShape, shape_of_plain, shape_to_plain
from datalayer.config import Config, load_config
from datalayer.errors import CacheIncomplete, ProblemsFound
from datalayer.finding_shapes import open_finder
from datalayer.model import QuerySource
from datalayer.project import NATIVE
from datalayer.server import Server, scratch_database

MIGRATION = """\
-- The accounts.
CREATE TYPE mood AS ENUM ('happy', 'so so');
CREATE TABLE account (id int PRIMARY KEY, address text NOT NULL, mood mood[]);
"""
QUERIES = """\
-- name: list_accounts(row_limit)
-- List accounts.
-- @param row_limit = 10
-- @column address not null
SELECT id, address, mood FROM account ORDER BY id LIMIT :row_limit;

-- name: get_address(id)$
-- Return an address.
SELECT address FROM account WHERE id = :id;
"""


class Asked:
    """How often a server was asked, and about which queries."""

    def __init__(self) -> None:
        self.databases = 0
        self.queries: list[str] = []


@pytest.fixture
def config(tmp_path: Path) -> Config:
    settings = '[tool.datalayer]\noutput = "src/app/queries"\n'
    (tmp_path / "pyproject.toml").write_text(settings)
    (tmp_path / "migrations" / "app").mkdir(parents=True)
    (tmp_path / "migrations" / "app" / "001_account.sql").write_text(MIGRATION)
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / "account.sql").write_text(QUERIES)
    return load_config(tmp_path)


@pytest.fixture
def asked(server: Server, monkeypatch: pytest.MonkeyPatch) -> Asked:
    seen = Asked()

    @contextmanager
    def empty_database(url: str | None, profile: str) -> Iterator[str]:
        seen.databases += 1
        with scratch_database(server.url()) as scratch:
            yield scratch

    def analyse(session: Session, sources: Sequence[QuerySource]) -> AnalysisResult:
        seen.queries += [source.name for source in sources]
        return analyser.analyse(session, sources)

    monkeypatch.setattr(finding_shapes, "_empty_database", empty_database)
    monkeypatch.setattr(finding_shapes, "analyse", analyse)
    return seen


def test_an_unchanged_project_asks_no_server(config: Config, asked: Asked) -> None:
    first, _ = project.generate(config)
    second, report = project.generate(config)

    assert (asked.databases, asked.queries) == (1, ["list_accounts", "get_address"])
    assert second == first
    assert report.written == ()
    assert (config.root / ".datalayer" / ".gitignore").read_text() == "*\n"


def test_a_changed_query_is_asked_about_alone(config: Config, asked: Asked) -> None:
    project.generate(config)
    asked.queries.clear()
    file = config.queries / "account.sql"
    file.write_text(QUERIES.replace("SELECT address", "SELECT id"))

    generated, _ = project.generate(config)

    assert asked.queries == ["get_address"]
    types = {shape.source.name: shape.columns[0].type for shape in generated.shapes}
    assert types["get_address"].name == "int4"


def test_findings_move_with_their_query(config: Config, asked: Asked) -> None:
    before, _ = project.generate(config)
    file = config.queries / "account.sql"
    extra = "-- name: count_accounts()$\n-- Count.\nSELECT count(*) FROM account;\n\n"
    file.write_text(extra + QUERIES)
    asked.queries.clear()

    after, _ = project.generate(config)

    assert asked.queries == ["count_accounts"]
    (old,), (new,) = before.findings, after.findings
    assert (old.rule, new.rule) == ("needless-override", "needless-override")
    assert new.location.line == old.location.line + 4
    assert new.location.path == old.location.path


def test_of_a_named_server_nothing_is_written_down(
    config: Config, asked: Asked, server: Server
) -> None:
    with open_finder(config, NATIVE, server_url=server.url()) as finder:
        first = project.build_with(finder)
        second = project.build_with(finder)

    assert asked.queries == ["list_accounts", "get_address"]
    assert second == first
    assert not (config.root / ".datalayer").exists()


@pytest.mark.parametrize("what", ["migration", "setting"])
def test_another_schema_forgets_everything(
    config: Config, asked: Asked, what: str
) -> None:
    project.generate(config)
    asked.queries.clear()
    if what == "migration":
        more = config.migrations / "app" / "002_note.sql"
        more.write_text("-- A note.\nALTER TABLE account ADD note text;\n")
    else:
        (config.root / "pyproject.toml").write_text(
            '[tool.datalayer]\noutput = "src/app/queries"\ndomains = "newtype"\n'
        )

    project.generate(load_config(config.root))

    assert asked.queries == ["list_accounts", "get_address"]


@pytest.mark.parametrize("text", ["", "{", "{}", '{"tree": 1}', "\x00"])
def test_a_broken_cache_is_none(config: Config, asked: Asked, text: str) -> None:
    first, _ = project.generate(config)
    for file in (config.root / ".datalayer").glob("*.*"):
        file.write_text(text)

    second, _ = project.generate(config)

    assert second == first
    assert last_run.remembered(config) is not None


def test_shapes_of_another_form_are_asked_about_again(
    config: Config, asked: Asked
) -> None:
    project.generate(config)
    file = config.root / ".datalayer" / "shapes-native.txt"
    schema, *lines = file.read_text().splitlines()
    keys = [line.split()[0] for line in lines]
    file.write_text("\n".join([schema, f'{keys[0]} {{"columns": "?"}}', keys[1]]))
    asked.queries.clear()

    project.generate(config)

    assert asked.queries == ["list_accounts", "get_address"]


def test_a_wrong_query_is_told_each_time(config: Config, asked: Asked) -> None:
    (config.queries / "account.sql").write_text(QUERIES.replace("mood FROM", "m FROM"))

    for _ in range(2):
        with pytest.raises(ProblemsFound, match="column `m` does not exist"):
            project.generate(config)

    assert asked.queries == ["list_accounts", "get_address", "list_accounts"]


def test_offline_takes_what_is_known(config: Config, asked: Asked) -> None:
    with pytest.raises(CacheIncomplete) as caught:
        project.check(config, offline=True)
    assert caught.value.queries == ("list_accounts", "get_address")

    project.generate(config)
    asked.databases = 0

    assert project.check(config, offline=True).is_clean
    (config.output / "account.py").write_text("")
    assert project.check(config, offline=True).stale.paths == ("account.py",)
    assert asked.databases == 0


def test_what_is_remembered_ends_with_any_change(config: Config, asked: Asked) -> None:
    project.generate(config)
    said = last_run.remembered(config)
    assert said is not None
    assert (said.queries, said.profiles) == (2, ())
    assert [finding.rule for finding in said.findings] == ["needless-override"]

    project.check(config)
    checked = last_run.remembered(config)
    assert checked is not None
    assert checked.profiles == ("",)

    for file in (config.output / "account.py", config.queries / "account.sql"):
        text = file.read_text()
        file.write_text(f"{text}\n")
        assert last_run.remembered(config) is None
        file.write_text(text)
        assert last_run.remembered(config) == checked


def test_a_folder_that_cannot_be_written_is_no_error(
    config: Config, asked: Asked
) -> None:
    (config.root / ".datalayer").write_text("in the way")

    generated, report = project.generate(config)

    assert len(generated.shapes) == 2
    assert "account.py" in report.written


def test_shapes_survive_being_kept(config: Config, asked: Asked) -> None:
    generated, _ = project.generate(config)

    for shape in generated.shapes:
        plain = json.loads(json.dumps(shape_to_plain(shape)))
        assert shape_of_plain(plain, shape.source) == shape
    with pytest.raises(NotAShape):
        shape_of_plain([], generated.shapes[0].source)


GOLDEN = Path(__file__).parents[1] / "golden" / "modules"


@pytest.mark.parametrize("name", ["composites", "json_shapes", "nested", "optional"])
def test_shapes_of_every_kind_survive_being_kept(name: str, server: Server) -> None:
    case = GOLDEN / name
    with (
        scratch_database(server.url()) as url,
        finding_shapes.connect(url) as connection,
    ):
        connection.execute((case / "schema.sql").read_bytes())
        shapes = pipeline.generate_modules(
            connection, queries=case / "queries", root=case, package="expected"
        ).shapes

    for shape in shapes:
        plain = json.loads(json.dumps(shape_to_plain(shape)))
        assert shape_of_plain(plain, shape.source) == shape
