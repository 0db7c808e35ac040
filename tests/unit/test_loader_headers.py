"""The lines at the head of a query: name, operation, parameters, class, sentence."""

from __future__ import annotations

import pytest

from datalayer import errors
from datalayer.codegen.reading.query_files import FileQueries, read_query_file
from datalayer.codegen.reading.source_text import SourceText
from datalayer.model import Operation, QuerySource


def read(text: str) -> FileQueries:
    return read_query_file(SourceText("q.sql", text), ("q",))


def read_one(text: str) -> QuerySource:
    found = read(text)
    assert [str(problem) for problem in found.problems] == []
    (source,) = found.queries
    return source


def problem_of(text: str) -> errors.LocatedError:
    (problem,) = read(text).problems
    return problem


@pytest.mark.parametrize("operation", Operation, ids=lambda each: each.name)
def test_suffix_tells_the_operation(operation: Operation) -> None:
    source = read_one(f"-- name: do_it(){operation}\nSELECT 1;\n")

    assert source.operation is operation


@pytest.mark.parametrize(
    "line",
    [
        "-- name: get_it(a, b)^",
        "--name:get_it(a,b)^",
        "-- name : get_it ( a , b ) ^  ",
        "--\tname\t:\tget_it(a, b)\t^",
        "   -- name: get_it(a, b)^",
        "-- name: get-it(a, b)^",
    ],
    ids=["usual", "tight", "wide", "tabs", "indented", "dash"],
)
def test_space_in_the_name_line_means_nothing(line: str) -> None:
    source = read_one(f"{line}\nSELECT :a, :b\n")

    assert source.name == "get_it"
    assert source.operation is Operation.ONE
    assert source.parameters == ("a", "b")


def test_parameters_keep_the_order_of_the_header() -> None:
    source = read_one("-- name: q(b, a)\nSELECT :a, :b, :a\n")

    assert source.parameters == ("b", "a")
    assert [placeholder.name for placeholder in source.placeholders] == ["a", "b", "a"]


def test_script_needs_no_list() -> None:
    source = read_one("-- name: reset#\nDELETE FROM a; DELETE FROM b;\n")

    assert source.parameters == ()
    assert source.sql == "DELETE FROM a; DELETE FROM b;"


HEADER_FAULTS = {
    "no name": ("-- name:", "1:9", "a header without a name"),
    "only a list": ("-- name: (a)", "1:10", "a header without a name"),
    "capitals": ("-- name: getIt()", "1:10", "write `get_it`"),
    "digit": ("-- name: 1st()", "1:10", "rename it"),
    "underscore": ("-- name: _it()", "1:10", "write `it`"),
    "accent": ("-- name: café()", "1:10", "not a name in lower case"),
    "dot": ("-- name: a.b()", "1:10", "write `a_b`"),
    "keyword": ("-- name: import()", "1:10", "`import` is a keyword of Python"),
    "operation": ("-- name: q()^!", "1:13", "`^!` is not an operation"),
    "operation without list": ("-- name: q^^", "1:11", "`^^` is not an operation"),
    "semicolon": ("-- name: q();", "1:13", "`;` is not an operation"),
    "comment": ("-- name: q() -- why", "1:14", "`-- why` is not an operation"),
    "two names": ("-- name: a b", "1:12", "`b` is not an operation"),
    "open list": ("-- name: q(a", "1:11", "the list of parameters is not closed"),
    "list in list": ("-- name: q((a))", "1:11", "the list of parameters is not closed"),
    "no list": ("-- name: q", "1:10", "write `-- name: q()`"),
    "no list of one": ("-- name: q^", "1:10", "write `-- name: q()^`"),
    "no list of many": ("-- name: q*!", "1:10", "write `-- name: q()*!`"),
    "empty parameter": ("-- name: q(a,)", "1:14", "a parameter without a name"),
    "dash in a parameter": ("-- name: q(a-b)", "1:12", "write `a_b`"),
    "colon in a parameter": ("-- name: q(:a)", "1:12", "write `a`"),
    "type of a parameter": ("-- name: q(a int)", "1:12", "write `a_int`"),
    "digit in a parameter": ("-- name: q(1)", "1:12", "begin with a letter"),
    "accent in a parameter": ("-- name: q(é)", "1:12", "use ASCII letters"),
}


@pytest.mark.parametrize("fault", HEADER_FAULTS)
def test_wrong_name_line_is_told_where_it_is_wrong(fault: str) -> None:
    line, place, text = HEADER_FAULTS[fault]

    problem = problem_of(f"{line}\nSELECT 1;\n")

    assert str(problem.location) == f"q.sql:{place}"
    assert text in f"{problem.message} {problem.help}"
    assert isinstance(problem, errors.QueryHeaderError | errors.ParameterNameError)


def test_missing_list_is_written_out_in_the_help() -> None:
    problem = problem_of("-- name: add_it<!\nINSERT INTO t VALUES (:b, :a, :b)\n")

    assert problem.help == "write `-- name: add_it(b, a)<!`"


def test_parameter_declared_twice() -> None:
    problem = problem_of("-- name: q(a, b, a)\nSELECT :a, :b\n")

    assert isinstance(problem, errors.ParameterNameError)
    assert str(problem) == (
        "q.sql:1:18: `a` is declared twice\n"
        "    1 | -- name: q(a, b, a)\n"
        "      |                  ^\n"
        "  help: remove one of the two"
    )


def test_parameters_that_differ_in_letter_case() -> None:
    problem = problem_of("-- name: q(a, A)\nSELECT :a, :A\n")

    assert isinstance(problem, errors.ParameterNameError)
    assert "differ only in letter case" in problem.message


def test_script_with_a_list() -> None:
    problem = problem_of("-- name: q(a)#\nSELECT 1;\n")

    assert isinstance(problem, errors.QueryHeaderError)
    assert str(problem.location) == "q.sql:1:12"


# Row class


@pytest.mark.parametrize("operation", ["", "^", "<!"], ids=["many", "one", "returning"])
def test_row_class_is_read(operation: str) -> None:
    text = f"-- name: q(){operation}\n--record_class : Thing \nSELECT 1;\n"

    assert read_one(text).record_class == "Thing"


RECORD_CLASS_FAULTS = {
    "not below the name": ("-- name: q()\n-- A.\n-- record_class: A", "3:1"),
    "twice": ("-- name: q()\n-- record_class: A\n-- record_class: B", "3:1"),
    "below the header": ("-- name: q()\n\n-- record_class: A", "3:1"),
    "lower case": ("-- name: q()\n-- record_class: thing", "2:18"),
    "dotted": ("-- name: q()\n-- record_class: a.Thing", "2:18"),
    "two words": ("-- name: q()\n-- record_class: Thing B", "2:18"),
    "missing": ("-- name: q()\n-- record_class:", "2:17"),
    "keyword": ("-- name: q()\n-- record_class: None", "2:18"),
    "capitals": ("-- name: q()\n-- Record_Class: A", "2:1"),
    "dash": ("-- name: q()\n-- record-class: A", "2:1"),
    "of a number of rows": ("-- name: q()!\n-- record_class: A", "2:1"),
    "of a value": ("-- name: q()$\n-- record_class: A", "2:1"),
    "of a script": ("-- name: q()#\n-- record_class: A", "2:1"),
}


@pytest.mark.parametrize("fault", RECORD_CLASS_FAULTS)
def test_wrong_row_class_is_told_where_it_stands(fault: str) -> None:
    header, place = RECORD_CLASS_FAULTS[fault]

    problem = problem_of(f"{header}\nSELECT 1;\n")

    assert isinstance(problem, errors.RecordClassError)
    assert str(problem.location) == f"q.sql:{place}"
    assert problem.help


# Documentation


def test_sentences_keep_their_lines() -> None:
    source = read_one(
        "-- name: q()\n-- Return it.\n--\n--   indented  \n--tight\nSELECT 1;\n"
    )

    assert source.documentation == "Return it.\n\n  indented\ntight"


def test_header_ends_at_an_empty_line() -> None:
    source = read_one("-- name: q()\n-- Return it.\n\n-- Why so.\nSELECT 1;\n")

    assert source.documentation == "Return it."
    assert source.sql == "-- Why so.\nSELECT 1"
    assert str(source.sql_location) == "q.sql:4:1"


def test_block_comment_is_part_of_the_statement() -> None:
    source = read_one("-- name: q()\n/* why */\nSELECT 1;\n")

    assert source.documentation == ""
    assert source.sql == "/* why */\nSELECT 1"


def test_statement_keeps_its_indentation() -> None:
    source = read_one("-- name: q(a)\n\n    SELECT\n        :a\n  ;\n")

    assert source.sql == "    SELECT\n        :a"
    assert str(source.sql_location) == "q.sql:3:1"


def test_file_of_comments_has_no_queries() -> None:
    assert read("-- nothing\n/* here */\n") == FileQueries((), ())


def test_all_the_problems_of_a_file_are_collected() -> None:
    found = read(
        "-- name: a()^!\nSELECT 1;\n"
        "-- name: b(x, x)\n-- @parm x null\nSELECT :x; SELECT 2;\n"
        "-- name: c()\nSELECT :y, :1;\n"
        "-- name: d()\nSELECT 1;\n"
    )

    assert [query.name for query in found.queries] == ["d"]
    assert [type(problem).__name__ for problem in found.problems] == [
        "QueryHeaderError",
        "ParameterNameError",
        "DirectiveError",
        "SeveralStatementsError",
        "ParameterNameError",
        "UndeclaredParameter",
    ]


def test_qualified_name_is_folders_and_name() -> None:
    found = read_query_file(
        SourceText("q.sql", "-- name: q()\nSELECT 1"), ("a", "b", "file")
    )

    assert found.queries[0].qualified_name == "a.b.q"
    assert found.queries[0].module == ("a", "b", "file")


def test_excerpt_is_the_line_that_the_place_names() -> None:
    problem = problem_of("-- a\f b\x85 c\u2028 d\n\n-- name: getIt()\nSELECT 1;\n")

    assert problem.location.line == 3
    assert "    3 | -- name: getIt()\n" in problem.excerpt
