"""Queries with optional pieces, and the statements one would write by hand instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from hypothesis import strategies as st

from datalayer.runtime import UNSET

SCHEMA = """
CREATE TABLE book (
    book_id integer PRIMARY KEY,
    title text NOT NULL,
    price numeric NOT NULL,
    member_id integer,
    stage text
);
CREATE TABLE book_tag (
    book_id integer NOT NULL,
    tag text NOT NULL,
    PRIMARY KEY (book_id, tag)
);
"""

QUERIES = """\
-- name: search_books(title, cheapest, dearest, member_id, tag, row_limit)
-- record_class: Book
-- Return the books that fit.
-- @param row_limit = 3
SELECT
    book.book_id,
    book.title,
    book.member_id
FROM book
INNER JOIN book_tag ON book.book_id = book_tag.book_id -- @optional for tag
WHERE
    book.title LIKE '%' || :title -- @optional
    AND book.price BETWEEN :cheapest AND :dearest -- @optional
    AND book.member_id IS NOT DISTINCT FROM :member_id -- @optional
    AND (book_tag.tag = :tag OR book_tag.tag = :tag || '%') -- @optional
ORDER BY book.book_id
LIMIT :row_limit;

-- name: count_stages(stage, least, title)
-- record_class: StageBooks
-- Return how many books there are, by stage.
SELECT
    book.stage,
    count(*) FILTER (
        WHERE book.title = :title -- @optional
    ) AS books
FROM book
WHERE book.stage = :stage -- @optional
GROUP BY book.stage
HAVING count(*) >= :least -- @optional
ORDER BY book.stage;

-- name: change_books(book_id, title, price, member_id, stage)
-- record_class: Changed
-- Change what is given of some books, or of all, and return them.
UPDATE book
SET
    title = :title, -- @optional
    (price, stage) = (:price, :stage), -- @optional
    member_id = :member_id -- @optional
WHERE book_id <= :book_id -- @optional
RETURNING book_id, title, price, member_id, stage;

-- name: touch_books(title, book_id)
-- record_class: Changed
-- Change the price, and the title if it is given.
UPDATE book
SET
    title = :title, -- @optional
    price = book.price + 1
FROM (VALUES (1), (2)) AS v (book_id)
WHERE
    book.book_id = v.book_id
    AND book.book_id = :book_id -- @optional
RETURNING book.book_id, book.title, book.price, book.member_id, book.stage;
"""

_RETURNING = (
    " RETURNING book.book_id, book.title, book.price, book.member_id, book.stage"
)

Arguments = Mapping[str, object]
TEXTS = st.sampled_from(["a", "b", "%", "ab"])
IDS = st.integers(1, 4)
PRICES = st.integers(0, 5).map(Decimal)
_BOOK = st.tuples(TEXTS, PRICES, st.none() | IDS, st.none() | TEXTS)


@dataclass(frozen=True, slots=True)
class World:
    """The rows that there are."""

    books: tuple[tuple[str, Decimal, int | None, str | None], ...]
    tags: frozenset[tuple[int, str]]

    @property
    def statements(self) -> list[tuple[str, list[tuple[object, ...]]]]:
        """Return what inserts them."""
        books: list[tuple[object, ...]] = [
            (number, *values) for number, values in enumerate(self.books, 1)
        ]
        return [
            ("INSERT INTO book VALUES (%s, %s, %s, %s, %s)", books),
            ("INSERT INTO book_tag VALUES (%s, %s)", [*sorted(self.tags)]),
        ]


WORLDS = st.builds(
    World,
    st.lists(_BOOK, max_size=4).map(tuple),
    st.frozensets(st.tuples(IDS, TEXTS), max_size=4),
)


@dataclass(frozen=True, slots=True)
class Case:
    """A query with what it takes, and its pieces as one would write them by hand."""

    name: str
    values: Mapping[str, st.SearchStrategy[object]]
    #: What stands before the conditions; `{join}` and `{set}` are to be filled.
    start: str
    #: Conditions with the parameters that they need; without any they always hold.
    conditions: tuple[tuple[tuple[str, ...], str], ...]
    end: str = ""
    assignments: tuple[tuple[tuple[str, ...], str], ...] = ()
    join: tuple[str, str] = ("", "")
    #: A condition of a FILTER and one of HAVING.
    filter: tuple[str, str] = ("", "")
    having: tuple[str, str] = ("", "")
    needed: tuple[str, ...] = ()
    always: Mapping[str, st.SearchStrategy[object]] = field(default_factory=dict)

    def arguments(self) -> st.SearchStrategy[Arguments]:
        """Return the strategy of arguments of which any may be `UNSET`."""
        return st.fixed_dictionaries(
            {name: st.just(UNSET) | each for name, each in self.values.items()}
        ).flatmap(
            lambda given: st.fixed_dictionaries(dict(self.always)).map(
                lambda always: {**given, **always}
            )
        )

    def is_complete(self, given: set[str]) -> bool:
        """Tell whether there is a statement for some parameters."""
        parts = [names for names, _ in (*self.conditions, *self.assignments)]
        whole = all(set(names) & given in (set(), set(names)) for names in parts)
        return whole and (not self.needed or bool(given & set(self.needed)))

    def by_hand(self, given: set[str]) -> str:
        """Return the statement for some parameters, with `%(name)s` for them."""
        text = self.start
        text = text.replace("{join}", self.join[1] if self.join[0] in given else "")
        text = text.replace("{set}", ", ".join(_kept(self.assignments, given)))
        filtered = f"FILTER (WHERE {self.filter[1]})" if self.filter[0] in given else ""
        text = text.replace("{filter}", filtered)
        conditions = _kept(self.conditions, given)
        text += f" WHERE {' AND '.join(conditions)}" if conditions else ""
        having = f" HAVING {self.having[1]}" if self.having[0] in given else ""
        return text + self.end.replace("{having}", having)


def _kept(
    pieces: tuple[tuple[tuple[str, ...], str], ...], given: set[str]
) -> list[str]:
    return [text for names, text in pieces if given.issuperset(names)]


CASES = (
    Case(
        "search_books",
        {
            "title": TEXTS,
            "cheapest": PRICES,
            "dearest": PRICES,
            "member_id": st.none() | IDS,
            "tag": TEXTS,
        },
        "SELECT book.book_id, book.title, book.member_id FROM book {join}",
        (
            (("title",), "book.title LIKE '%%' || %(title)s"),
            (("cheapest", "dearest"), "book.price >= %(cheapest)s"),
            (("cheapest", "dearest"), "book.price <= %(dearest)s"),
            (("member_id",), "book.member_id IS NOT DISTINCT FROM %(member_id)s::int"),
            (("tag",), "book_tag.tag IN (%(tag)s, %(tag)s || '%%')"),
        ),
        " ORDER BY book.book_id LIMIT %(row_limit)s",
        join=("tag", "JOIN book_tag ON book.book_id = book_tag.book_id"),
        always={"row_limit": st.integers(0, 4)},
    ),
    Case(
        "count_stages",
        {"stage": TEXTS, "least": st.integers(0, 3), "title": TEXTS},
        "SELECT stage, count(*) {filter} AS books FROM book",
        ((("stage",), "stage = %(stage)s"),),
        " GROUP BY stage {having} ORDER BY stage",
        filter=("title", "title = %(title)s"),
        having=("least", "count(*) >= %(least)s"),
    ),
    Case(
        "change_books",
        {
            "book_id": IDS,
            "title": TEXTS,
            "price": PRICES,
            "member_id": st.none() | IDS,
            "stage": st.none() | TEXTS,
        },
        "UPDATE book SET {set}",
        ((("book_id",), "book.book_id <= %(book_id)s"),),
        _RETURNING,
        assignments=(
            (("title",), "title = %(title)s"),
            (("price", "stage"), "price = %(price)s, stage = %(stage)s"),
            (("member_id",), "member_id = %(member_id)s"),
        ),
        needed=("title", "price", "stage", "member_id"),
    ),
    Case(
        "touch_books",
        {"title": TEXTS, "book_id": IDS},
        "UPDATE book SET {set}",
        (((), "book.book_id IN (1, 2)"), (("book_id",), "book.book_id = %(book_id)s")),
        _RETURNING,
        assignments=(((), "price = price + 1"), (("title",), "title = %(title)s")),
    ),
)
