"""A query for each kind of node that the other tables do not hold."""

# ruff: noqa: E501  (one case a line reads best)
from __future__ import annotations

from nullability_cases import Case

KINDS = [
    Case("array_coercion", "SELECT ARRAY(SELECT id FROM pet)::bigint[], array_agg(id)::bigint[] FROM person WHERE id > 99", "!?"),
    Case("branch_in_aggregate", "SELECT max(CASE WHEN age > 17 THEN age ELSE 0 END), max(CASE WHEN id > 17 THEN 0 ELSE age END) FROM person GROUP BY boss", "!?"),
    Case("collation", "SELECT name COLLATE \"C\", nick COLLATE \"C\" FROM person", "!?"),
    Case("field_assigned", "UPDATE person SET home.street = 'x' RETURNING home", "!"),
    Case("field_of_a_row", "SELECT (ROW(name, 1)::place).street, (ROW(nick, 1)::place).street FROM person", "!?"),
    Case("json_array", "SELECT JSON_ARRAY(name), JSON_OBJECT('a': nick) FROM person", "!!"),
    Case("json_parsed", "SELECT JSON_ARRAY(name, nick RETURNING jsonb) FROM person", "!"),
    Case("json_scalar", "SELECT JSON_SCALAR(name), JSON_SCALAR(nick), JSON('{}'), JSON(nick) FROM person WHERE nick IS NULL", "!?!?", since=17),
    Case("json_predicate", "SELECT name IS JSON, nick IS JSON FROM person", "!?"),
    Case("row_conversion", "SELECT c::parent_table FROM child_table AS c", "!"),
    Case("update_from_narrowed", "UPDATE pet SET kind = 'x' FROM person WHERE person.id = pet.owner AND person.nick > '' RETURNING person.nick, person.boss", "!?"),
]  # fmt: skip

KINDS_OF_ELEMENTS = [
    Case("array_case", "SELECT CASE WHEN id = 1 THEN ARRAY[1] ELSE ARRAY[id] END, CASE WHEN id = 1 THEN ARRAY[1] ELSE ARRAY[age] END FROM person", "!?"),
    Case("array_collated", "SELECT ARRAY[name] COLLATE \"C\", ARRAY[nick] COLLATE \"C\" FROM person", "!?"),
    Case("array_converted", "SELECT ARRAY(SELECT name FROM pet)::varchar[], ARRAY(SELECT kind FROM pet)::varchar[]", "!?"),
    Case("array_domain", "SELECT ARRAY[id]::numbers, ARRAY[age]::numbers FROM person", "!?"),
    Case("array_greatest", "SELECT greatest(ARRAY[1], ARRAY[id]), greatest(ARRAY[age], ARRAY[age]) FROM person", "!?"),
    Case("array_relabelled", "SELECT (ARRAY[id]::numbers)::int[], (ARRAY[age]::numbers)::int[] FROM person", "!?"),
    Case("array_window", "SELECT array_agg(id) OVER (), array_agg(age) OVER () FROM person", "!?"),
]  # fmt: skip
