"""The rules by which queries that work still deserve a look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.errors import Finding

if TYPE_CHECKING:
    from datalayer.location import Location


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its name, what it finds in a sentence, why, and what to do."""

    name: str
    summary: str
    reason: str
    remedy: str
    #: A query that the rule finds.
    example: str


def _rule(name: str, summary: str, reason: str, remedy: str, example: str) -> Rule:
    return Rule(name, summary, " ".join(reason.split()), remedy, example.strip("\n"))


_ALL = (
    _rule(
        "multiplied-groups",
        "lists beside each other whose rows multiply",
        """A join with two tables of many rows gives each pair of them: ten orders and
        ten addresses are a hundred rows, of which the lists keep ten each. The result
        is right, and most of what is sent is thrown away.""",
        "let a subquery collect one of the lists: `ARRAY(SELECT …)`, or `json_agg`",
        """
-- name: list_item_families()
-- @group shelf_mates = mate
-- @group others
SELECT item.id, mate.id AS mate_id, others.id AS other_id
FROM item
LEFT JOIN item AS mate ON mate.rank = item.rank
LEFT JOIN item AS others ON others.rank <> item.rank
ORDER BY item.id, mate.id, others.id;
""",
    ),
    _rule(
        "needless-allowance",
        "an `@allow` line for something that is not found",
        """The query has changed, or the analysis has learnt more since. The line would
        hide what somebody writes into the query later.""",
        "remove the line",
        """
-- name: get_item(id)^
-- @allow uncertain-row-count: id is unique among the items that count
SELECT name FROM item WHERE id = :id;
""",
    ),
    _rule(
        "needless-override",
        "a directive that says what is proven already",
        """PostgreSQL's own analysis says the same, so that the line is no help. It
        would hide a change of the query or of the schema that makes it untrue. Where
        migrations have variants, `check` tells it when it is so under each profile.""",
        "remove the directive",
        """
-- name: list_items()
-- @column id not null
SELECT id FROM item ORDER BY id;
""",
    ),
    _rule(
        "not-understood",
        "a part of a statement that the analysis cannot follow",
        """What depends on that part counts as nullable, which is safe and may be more
        careful than necessary.""",
        "say `-- @column name not null` where you know better",
        """
-- name: list_settings()
SHOW timezone;
""",
    ),
    _rule(
        "page-without-index",
        "pages that no index leads to",
        """PostgreSQL sorts all the rows for each page, or reads those before the
        cursor, although a page shows a few of them. With an index on the keys, in their
        order and behind the columns that conditions bind, it begins where the cursor
        stands.""",
        "create an index on the keys of the pages",
        """
-- name: list_items(row_limit)
-- @page rank, id
SELECT id, rank FROM item ORDER BY rank, id LIMIT :row_limit;
""",
    ),
    _rule(
        "uncertain-page-keys",
        "pages whose keys do not tell two rows apart",
        """The next page begins behind the keys of the last row. Another row with equal
        keys would be shown on neither page.""",
        "end the order with a unique column",
        """
-- name: list_items(row_limit)
-- @page rank
SELECT id, rank FROM item ORDER BY rank LIMIT :row_limit;
""",
    ),
    _rule(
        "uncertain-row-count",
        "a query of one row that is not certain to return at most one",
        """A query whose name ends in `^`, `$` or `<!` gives one row. Where nothing
        shows that there cannot be a second, a call may fail with `TooManyRowsError`
        when the data allow it.""",
        "bind a whole unique key by equality, or add `LIMIT 1`",
        """
-- name: get_item_by_name(name)^
SELECT id FROM item WHERE name = :name;
""",
    ),
    _rule(
        "unused-fragment",
        "a fragment that no query uses",
        """Only its form is checked: what PostgreSQL would say about a table or a column
        in it comes to light when a query uses it again.""",
        "remove the fragment, or use it",
        """
-- fragment: is_ranked
/* item.rank > 0 */
""",
    ),
)

#: Found only where they are so under every profile of a project.
NEEDLESS = frozenset({"needless-allowance", "needless-override"})

#: All rules by their names.
RULES: dict[str, Rule] = {
    rule.name: rule for rule in sorted(_ALL, key=lambda r: r.name)
}


def finding_of(rule: str, location: Location, message: str) -> Finding:
    """Return a finding with the remedy of its rule."""
    return Finding(rule, location, message, RULES[rule].remedy)
