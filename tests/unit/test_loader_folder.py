"""The files of a folder: order, names, encodings, rights."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from datalayer import errors
from datalayer.codegen.reading.loader import LoadResult, load_queries

QUERY = "-- name: {}()\nSELECT 1;\n"


def write(root: Path, *paths: str) -> None:
    for number, path in enumerate(paths):
        file = root / "queries" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(QUERY.format(f"query_{number}"))


def load(root: Path) -> LoadResult:
    return load_queries(root / "queries", root=root)


def test_files_come_in_the_order_of_their_paths(tmp_path: Path) -> None:
    write(tmp_path, "b/z.sql", "b/a.sql", "c.sql", "a/b/c.sql", "a/a.sql")

    result = load(tmp_path)

    assert result.problems == ()
    assert [source.location.path for source in result.sources] == [
        "queries/a/a.sql",
        "queries/a/b/c.sql",
        "queries/b/a.sql",
        "queries/b/z.sql",
        "queries/c.sql",
    ]
    assert result.sources[1].module == ("a", "b", "c")


def test_queries_of_a_file_come_in_its_order(tmp_path: Path) -> None:
    write(tmp_path, "a.sql")
    text = "".join(QUERY.format(name) for name in ("z", "b", "a"))
    (tmp_path / "queries" / "a.sql").write_text(text)

    assert [source.name for source in load(tmp_path).sources] == ["z", "b", "a"]


def test_other_files_and_dotted_names_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "a.sql", "README.md", ".hidden.sql", ".git/x.sql", "my notes/a.txt")
    (tmp_path / "queries" / ".#a.sql").symlink_to("nowhere")

    result = load(tmp_path)

    assert result.problems == ()
    assert [source.name for source in result.sources] == ["query_0"]


def test_folder_without_files_has_no_queries(tmp_path: Path) -> None:
    (tmp_path / "queries").mkdir()

    assert load(tmp_path) == LoadResult((), ())


def test_linked_folder_is_read_and_a_circle_ends(tmp_path: Path) -> None:
    write(tmp_path, "a/x.sql")
    (tmp_path / "queries" / "b").symlink_to("a")
    (tmp_path / "queries" / "a" / "up").symlink_to("..")

    result = load(tmp_path)

    assert result.problems == ()
    assert [source.qualified_name for source in result.sources] == [
        "a.query_0",
        "b.query_0",
    ]


def test_folder_outside_the_root_is_told_from_there(tmp_path: Path) -> None:
    write(tmp_path, "a.sql")
    (tmp_path / "app").mkdir()

    result = load_queries(tmp_path / "queries", root=tmp_path / "app")

    assert result.sources[0].location.path == "../queries/a.sql"


NAMES = {
    "dash": ("patch-chain.sql", "rename it, for example to `patch_chain`"),
    "dot": ("a.b.sql", "rename it, for example to `a_b`"),
    "digit": ("1st.sql", "begin with a letter"),
    "accent": ("é.sql", "use ASCII letters"),
    "space": ("my queries.sql", "`my_queries`"),
    "keyword": ("class.sql", "is a keyword of Python"),
    "dunder": ("__init__.sql", "is reserved by Python"),
    "aio": ("aio.sql", "where the async twins are generated"),
    "enums": ("enums.sql", "where the enums of the database are generated"),
    "capital ending": ("a.SQL", "aiosql reads `.sql` alone"),
    "new line": ("a\nb.sql", "`a\\nb` cannot be"),
}


@pytest.mark.parametrize("fault", NAMES)
def test_file_that_cannot_be_a_module_is_named(fault: str, tmp_path: Path) -> None:
    name, text = NAMES[fault]
    write(tmp_path, name)

    (problem,) = load(tmp_path).problems

    assert isinstance(problem, errors.ModuleNameError)
    assert problem.location.path == f"queries/{name}".replace("\n", "\\n")
    assert text in f"{problem.message} {problem.help}"


def test_folder_that_cannot_be_a_package_is_named_once(tmp_path: Path) -> None:
    write(tmp_path, "x/my-domain/a.sql", "x/my-domain/b.sql")

    (problem,) = load(tmp_path).problems

    assert isinstance(problem, errors.ModuleNameError)
    assert problem.location.path == "queries/x/my-domain"


def test_reserved_folder_is_named(tmp_path: Path) -> None:
    write(tmp_path, "aio/a.sql")

    (problem,) = load(tmp_path).problems

    assert problem.location.path == "queries/aio"


def test_reserved_names_are_free_below_the_top(tmp_path: Path) -> None:
    write(tmp_path, "x/aio.sql", "x/enums/a.sql")

    assert load(tmp_path).problems == ()


def test_file_and_folder_of_one_name(tmp_path: Path) -> None:
    write(tmp_path, "x/a.sql", "x.sql")

    (problem,) = load(tmp_path).problems

    assert isinstance(problem, errors.ModuleNameError)
    assert "a module and a package" in problem.message


def test_names_that_differ_in_letter_case(tmp_path: Path) -> None:
    write(tmp_path, "x/a.sql", "X/b.sql")
    if len(os.listdir(tmp_path / "queries")) == 1:
        return  # the file system itself knows no letter case

    (problem,) = load(tmp_path).problems

    assert isinstance(problem, errors.ModuleNameError)
    assert "differ only in letter case" in problem.message


@pytest.mark.parametrize(
    ("data", "place", "text"),
    [
        (b"-- name: q()\nSELECT '\xe9';\n", "2:9", "the byte 0xE9 is not UTF-8"),
        (b"\xef\xbb\xbf\xff", "1:1", "the byte 0xFF is not UTF-8"),
        (b"\r\n\r\nab\xc3", "3:3", "the byte 0xC3 is not UTF-8"),
        ("-- name: q()".encode("utf-16"), "1:1", "UTF-16, not UTF-8"),
        (b"-- name: q()\nSELECT '\0';\n", "2:9", "NUL"),
    ],
    ids=["latin 1", "after a mark", "cut off", "utf-16", "nul"],
)
def test_file_that_is_not_text_is_told_where(
    data: bytes, place: str, text: str, tmp_path: Path
) -> None:
    write(tmp_path, "a.sql", "b.sql")
    (tmp_path / "queries" / "a.sql").write_bytes(data)

    result = load(tmp_path)

    (problem,) = result.problems
    assert isinstance(problem, errors.QueryFileEncodingError)
    assert str(problem.location) == f"queries/a.sql:{place}"
    assert text in problem.message
    assert len(result.sources) == 1


def test_missing_folder_is_named(tmp_path: Path) -> None:
    (problem,) = load(tmp_path).problems

    assert isinstance(problem, errors.QueryFileUnreadable)
    assert str(problem) == (
        "queries:1:1: cannot be read: no such file or directory\n"
        "  help: create it, or name another folder in `[tool.datalayer]`"
    )


def test_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "queries").touch()

    (problem,) = load(tmp_path).problems

    assert isinstance(problem, errors.QueryFileUnreadable)


def test_dangling_link_is_named(tmp_path: Path) -> None:
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / "a.sql").symlink_to("nowhere")

    (problem,) = load(tmp_path).problems

    assert isinstance(problem, errors.QueryFileUnreadable)
    assert problem.location.path == "queries/a.sql"


def test_link_to_itself_is_named(tmp_path: Path) -> None:
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / "a.sql").symlink_to("a.sql")

    (problem,) = load(tmp_path).problems

    assert isinstance(problem, errors.QueryFileUnreadable)


def test_folder_named_like_a_file_is_a_folder(tmp_path: Path) -> None:
    write(tmp_path, "a.sql/b.sql")

    (problem,) = load(tmp_path).problems

    assert isinstance(problem, errors.ModuleNameError)
    assert problem.location.path == "queries/a.sql"
