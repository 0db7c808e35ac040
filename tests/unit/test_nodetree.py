"""Reads samples of PostgreSQL's node trees."""

from __future__ import annotations

import pytest

from datalayer.codegen.nodetree import (
    Node,
    NodeTreeError,
    find_nodes,
    make_node,
    read_tree,
)

VARIABLE = (
    "{VAR :varno 2 :varattno 1 :vartype 23 :vartypmod -1 :varcollid 0"
    " :varnullingrels (b 3) :varlevelsup 0 :varreturningtype 0 :varnosyn 2"
    " :varattnosyn 1 :location 17}"
)
CONSTANT = (
    "{CONST :consttype 25 :consttypmod -1 :constcollid 100 :constlen -1"
    " :constbyval false :constisnull false :location -1"
    " :constvalue 7 [ 28 0 0 0 102 -61 -92 ]}"
)


def read_one(text: str) -> Node:
    (value,) = read_tree(text)
    assert isinstance(value, Node)
    return value


def test_variable_has_numbers_and_a_set() -> None:
    node = read_one(VARIABLE)

    assert node.tag == "VAR"
    assert node.number("varno") == 2
    assert node.number("vartypmod") == -1
    assert node.bits("varnullingrels") == {3}


def test_constant_has_its_bytes() -> None:
    node = read_one(CONSTANT)

    assert node.fields["constvalue"] == b"\x1c\x00\x00\x00f\xc3\xa4"
    assert not node.flag("constisnull")


def test_null_constant_has_no_bytes() -> None:
    node = read_one("{CONST :constisnull true :constvalue <>}")

    assert node.flag("constisnull")
    assert node.fields["constvalue"] is None


def test_body_of_a_function_is_a_list_in_a_list() -> None:
    body = read_tree("(({QUERY :commandType 1 :cteList <>}))")

    query = make_node("QUERY", {"commandType": "1", "cteList": None})
    assert body == (((query,),),)
    assert query.nodes("cteList") == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(b)", frozenset()),
        ("(b 1 5)", frozenset({1, 5})),
        ("(i 3 -4)", (3, -4)),
        ("(o 16384)", (16384,)),
        ("()", ()),
        ('("id" "a\\ b")', ("id", "a b")),
        ("(<> x)", (None, "x")),
    ],
    ids=["empty_set", "set", "integers", "oids", "empty", "names", "missing"],
)
def test_lists(text: str, expected: object) -> None:
    assert read_tree(text) == (expected,)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("plain", "plain"),
        ("two\\ words", "two words"),
        ("\\{\\}\\(\\)", "{}()"),
        ("\\\\", "\\"),
        ("\\<>", "<>"),
        ('\\"quoted\\"', '"quoted"'),
        ('""', ""),
        ('"ends\\\\"', "ends\\"),
        (":like_a_label", ":like_a_label"),
        ("line\\\nbreak", "line\nbreak"),
        ("ünï", "ünï"),
        ("\\1st", "1st"),
        ("no\u00a0break\r", "no\u00a0break\r"),
    ],
)
def test_names_are_read_as_meant(written: str, meant: str) -> None:
    node = read_one(f"{{ALIAS :aliasname {written} :colnames <>}}")

    assert node.text("aliasname") == meant
    assert node.fields["colnames"] is None


def test_unknown_tags_and_labels_are_kept() -> None:
    node = read_one("{FUTURE :thing {OTHER :x 1} :flag true}")

    assert node.flag("flag")
    assert node.node("thing") == make_node("OTHER", {"x": "1"})


def test_missing_labels_have_empty_values() -> None:
    node = read_one("{FUTURE}")

    assert node.node("x") is None
    assert node.nodes("x") == ()
    assert node.number("x") == 0
    assert node.numbers("x") == ()
    assert node.text("x") == ""
    assert node.bits("x") == frozenset()
    assert not node.flag("x")


def test_number_that_is_no_number_is_the_default() -> None:
    assert read_one("{X :n abc}").number("n", default=7) == 7


def test_nodes_are_equal_wherever_they_were_written() -> None:
    elsewhere = VARIABLE.replace(":location 17", ":location 99")
    elsewhere = elsewhere.replace(":varnosyn 2", ":varnosyn 5")

    assert read_one(VARIABLE) == read_one(elsewhere)
    assert hash(read_one(VARIABLE)) == hash(read_one(elsewhere))


@pytest.mark.parametrize(
    ("part", "other"),
    [(":varno 2", ":varno 3"), ("(b 3)", "(b)"), (":varlevelsup 0", ":varlevelsup 1")],
)
def test_nodes_that_compute_something_else_differ(part: str, other: str) -> None:
    assert read_one(VARIABLE) != read_one(VARIABLE.replace(part, other))


def test_nodes_are_found_outermost_first() -> None:
    tree = read_tree("({A :x {B :n 1 :y {B :n 2}}} {B :n 3})")

    assert [node.number("n") for node in find_nodes(tree, "B")] == [1, 3]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "(",
        "{VAR",
        "{VAR :x",
        "{VAR x 1}",
        "}",
        ")",
        "(b 1",
        "(i x)",
        "{C :constvalue 1 x",
    ],
)
def test_broken_text_is_refused(text: str) -> None:
    with pytest.raises(NodeTreeError):
        read_tree(text)


def test_depth_without_end_is_refused() -> None:
    with pytest.raises(NodeTreeError):
        read_tree("(" * 100_000)
