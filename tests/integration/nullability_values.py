"""Tables whose CHECK constraints compare values, and what follows from them."""

# ruff: noqa: E501  (one case a line reads best)
from __future__ import annotations

from nullability_cases import Case

SCHEMA = """
CREATE DOMAIN stage AS text;
CREATE TABLE task (
    id int PRIMARY KEY,
    status text NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'busy', 'done')),
    worker int,
    finished int,
    feeling mood,
    reason text,
    done boolean,
    stamp int,
    level smallint NOT NULL DEFAULT 0,
    note text,
    step stage,
    goal text,
    size varchar(9),
    depth int,
    CHECK (status = 'new' OR worker IS NOT NULL),
    CHECK ((status = 'done') = (finished IS NOT NULL)),
    CHECK (feeling <> 'sad' OR reason IS NOT NULL),
    CHECK (NOT done OR stamp IS NOT NULL),
    CHECK (level < 5 OR note IS NOT NULL),
    CHECK (step IS DISTINCT FROM 'last' OR goal IS NOT NULL),
    CHECK (size NOT IN ('big', 'huge') OR depth IS NOT NULL)
);
CREATE TABLE shape (
    id int PRIMARY KEY,
    kind int NOT NULL,
    radius int,
    width int,
    height int,
    color int,
    pattern int,
    CHECK (
        (kind = 1 AND radius IS NOT NULL AND width IS NULL AND height IS NULL)
        OR (kind = 2 AND radius IS NULL AND width IS NOT NULL AND height IS NOT NULL)
    ),
    CHECK (num_nonnulls(color, pattern) = 1)
);
CREATE TABLE share (
    id int PRIMARY KEY,
    task int,
    shape int,
    line int,
    CHECK ((task IS NOT NULL)::int + (shape IS NOT NULL)::int = 1),
    CHECK (shape IS NOT NULL OR line IS NOT NULL)
);
CREATE TABLE loose (
    id int PRIMARY KEY,
    real float8,
    exact numeric,
    padded char(3),
    span interval,
    flag boolean,
    kept text,
    x int,
    CHECK (real = 0 OR x IS NOT NULL),
    CHECK (exact = 1 OR x IS NOT NULL),
    CHECK (padded = 'a' OR x IS NOT NULL),
    CHECK (span = '1 day' OR x IS NOT NULL),
    CHECK (flag OR x IS NOT NULL)
);
CREATE TABLE unsure (id int PRIMARY KEY, kind text NOT NULL, x int, y int);
ALTER TABLE unsure ADD CHECK (kind <> 'a' OR x IS NOT NULL) NOT VALID;
CREATE TABLE above (id int PRIMARY KEY, kind text NOT NULL, x int);
ALTER TABLE above ADD CHECK (kind <> 'a' OR x IS NOT NULL) NO INHERIT;
CREATE TABLE below () INHERITS (above);
CREATE TABLE moved (id int PRIMARY KEY, kind text NOT NULL, x int);
ALTER TABLE moved ADD CHECK (kind <> 'a' OR x IS NOT NULL);
CREATE FUNCTION change_kind() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    new.kind := 'z';
    new.x := NULL;
    RETURN new;
END $$;
CREATE TRIGGER change_kind BEFORE INSERT OR UPDATE ON moved
FOR EACH ROW EXECUTE FUNCTION change_kind();
CREATE TABLE member (
    id int PRIMARY KEY,
    email text NOT NULL,
    team int,
    nick text,
    kind text NOT NULL,
    gone int,
    code text UNIQUE NULLS NOT DISTINCT,
    badge text UNIQUE
);
CREATE UNIQUE INDEX ON member (lower(email));
CREATE UNIQUE INDEX ON member (team, (coalesce(gone, 0))) WHERE team > 90;
CREATE UNIQUE INDEX ON member (team) WHERE gone IS NULL;
CREATE UNIQUE INDEX ON member (nick) WHERE kind = 'a';
"""

ROWS = """
INSERT INTO task VALUES
(1, 'new', NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL),
(2, 'new', 1, NULL, 'happy', NULL, false, NULL, 4, NULL, 'first', NULL, 'tiny', NULL),
(3, 'busy', 1, NULL, 'sad', 'r', true, 7, 5, 'n', 'last', 'g', 'big', 1),
(4, 'done', 2, 9, NULL, 'r', NULL, 3, 9, 'm', 'third', 'g', NULL, 2),
(5, 'done', 3, 9, 'sad', 's', false, NULL, -1, NULL, 'last', 'h', 'huge', 0);
INSERT INTO shape VALUES
(1, 1, 5, NULL, NULL, 1, NULL), (2, 2, NULL, 6, 7, NULL, 2), (3, 1, 8, NULL, NULL, NULL, 3);
INSERT INTO share VALUES (1, 1, NULL, 5), (2, NULL, 2, NULL), (3, NULL, 1, 6);
INSERT INTO loose VALUES
(1, '-0', 1.0, 'a', '24 hours', true, 'k', NULL),
(2, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
(3, 5, 2.0, 'b', '2 days', false, NULL, 1);
INSERT INTO member VALUES
(1, 'A@x', 1, 'n', 'a', NULL, NULL, NULL), (2, 'b@x', 1, 'n', 'b', 5, 'c', NULL),
(3, 'c@x', 1, 'n', 'b', 6, 'd', 'e'), (4, 'd@x', NULL, NULL, 'a', NULL, 'e', 'f'),
(5, 'e@x', NULL, NULL, 'a', NULL, 'f', 'g');
INSERT INTO above VALUES (1, 'a', 1), (2, 'b', NULL);
INSERT INTO below VALUES (3, 'a', NULL);
ALTER TABLE unsure DROP CONSTRAINT unsure_check;
INSERT INTO unsure VALUES (1, 'a', NULL, NULL), (2, 'b', NULL, 2);
ALTER TABLE unsure ADD CHECK (kind <> 'a' OR x IS NOT NULL) NOT VALID;
ALTER TABLE moved DISABLE TRIGGER change_kind;
INSERT INTO moved VALUES (1, 'a', 1), (2, 'b', NULL);
ALTER TABLE moved ENABLE TRIGGER change_kind;
"""

#: What a CHECK says of one column when another holds a certain value.
CASES = [
    Case("value_equal", "SELECT worker, finished FROM task WHERE status = 'done'", "!!"),
    Case("value_backwards", "SELECT finished FROM task WHERE 'done' = status", "!"),
    Case("value_of_another", "SELECT worker, finished FROM task WHERE status = 'busy'", "!?"),
    Case("value_unequal", "SELECT worker FROM task WHERE status <> 'new'", "!"),
    Case("value_unequal_to_another", "SELECT worker, finished FROM task WHERE status <> 'busy'", "??"),
    Case("value_in", "SELECT worker, finished FROM task WHERE status IN ('busy', 'done')", "!?"),
    Case("value_in_with_new", "SELECT worker FROM task WHERE status IN ('new', 'done')", "?"),
    Case("value_not_in", "SELECT finished FROM task WHERE status NOT IN ('new', 'busy')", "!"),
    Case("value_any_array", "SELECT finished FROM task WHERE status = ANY (ARRAY['done'])", "!"),
    Case("value_or", "SELECT worker FROM task WHERE status = 'busy' OR status = 'done'", "!"),
    Case("value_or_other", "SELECT worker FROM task WHERE status = 'busy' OR id = 1", "?"),
    Case("value_not", "SELECT worker FROM task WHERE NOT (status = 'new')", "!"),
    Case("value_not_distinct", "SELECT finished FROM task WHERE status IS NOT DISTINCT FROM 'done'", "!"),
    Case("value_of_parameter", "SELECT finished FROM task WHERE status = $1", "?", (("new",), ("done",))),
    Case("value_contradiction", "SELECT finished FROM task WHERE status = 'none'", "!"),
    Case("value_proven_backwards", "SELECT status FROM task WHERE finished IS NOT NULL AND worker IS NULL", "!"),
    Case("value_case", "SELECT CASE WHEN status = 'done' THEN finished ELSE 0 END FROM task", "!"),
    Case("value_case_other", "SELECT CASE WHEN status = 'busy' THEN finished ELSE 0 END FROM task", "?"),
    Case("value_simple_case", "SELECT CASE status WHEN 'done' THEN finished WHEN 'busy' THEN worker ELSE 0 END FROM task", "!"),
    Case("value_case_exhaustive", "SELECT CASE status WHEN 'new' THEN 1 WHEN 'busy' THEN 2 WHEN 'done' THEN 3 END FROM task", "!"),
    Case("value_case_gap", "SELECT CASE status WHEN 'new' THEN 1 WHEN 'done' THEN 3 END FROM task", "?"),
    Case("value_case_else", "SELECT CASE WHEN status <> 'done' THEN 0 ELSE finished END FROM task", "!"),
    Case("value_case_and_where", "SELECT CASE WHEN id > 0 THEN worker ELSE 0 END FROM task WHERE status <> 'new'", "!"),
    Case("value_enum", "SELECT reason FROM task WHERE feeling = 'sad'", "!"),
    Case("value_enum_rest", "SELECT reason FROM task WHERE feeling <> 'happy'", "!"),
    Case("value_enum_rest_or_null", "SELECT reason, feeling FROM task WHERE feeling IS DISTINCT FROM 'sad'", "??"),
    Case("value_enum_exhaustive", "SELECT CASE feeling WHEN 'sad' THEN 1 WHEN 'happy' THEN 2 END FROM task WHERE feeling IS NOT NULL", "!"),
    Case("value_enum_exhaustive_or_null", "SELECT CASE feeling WHEN 'sad' THEN 1 WHEN 'happy' THEN 2 END FROM task", "?"),
    Case("value_case_of_a_domain", "SELECT CASE step WHEN 'last' THEN 1 WHEN 'first' THEN 2 END FROM task WHERE step IS NOT NULL", "?"),
    Case("value_case_of_numbers", "SELECT CASE WHEN level < 5 THEN 1 WHEN level = 5 THEN 2 END, CASE WHEN level < 5 THEN 1 WHEN level > 4 THEN 2 END FROM task", "?!"),
    Case("value_true", "SELECT stamp FROM task WHERE done", "!"),
    Case("value_is_true", "SELECT stamp FROM task WHERE done IS TRUE", "!"),
    Case("value_equals_true", "SELECT stamp FROM task WHERE done = true", "!"),
    Case("value_not_false", "SELECT stamp FROM task WHERE done IS NOT FALSE", "?"),
    Case("value_false", "SELECT stamp FROM task WHERE NOT done", "?"),
    Case("value_true_case", "SELECT CASE WHEN done THEN stamp ELSE 0 END, CASE WHEN NOT done THEN 0 ELSE stamp END FROM task", "!?"),
    Case("value_truths_exhaustive", "SELECT CASE WHEN done THEN 1 WHEN NOT done THEN 2 END FROM task WHERE done IS NOT NULL", "!"),
    Case("value_number", "SELECT note FROM task WHERE level = 5", "!"),
    Case("value_number_below", "SELECT note FROM task WHERE level = 4", "?"),
    Case("value_number_above", "SELECT note FROM task WHERE level >= 5", "!"),
    Case("value_number_of_more_bytes", "SELECT note FROM task WHERE level = 9::bigint", "!"),
    Case("value_number_in", "SELECT note FROM task WHERE level IN (5, 9)", "!"),
    Case("value_domain", "SELECT goal FROM task WHERE step = 'last'", "!"),
    Case("value_domain_other", "SELECT goal FROM task WHERE step = 'first'", "?"),
    Case("value_varchar", "SELECT depth FROM task WHERE size = 'big'", "!"),
    Case("value_varchar_in", "SELECT depth FROM task WHERE size IN ('big', 'huge')", "!"),
    Case("value_varchar_other", "SELECT depth FROM task WHERE size = 'tiny'", "?"),
    Case("value_null_passes_a_check", "SELECT goal, depth FROM task WHERE size IS NULL", "??"),
    Case("union_first", "SELECT radius, width FROM shape WHERE kind = 1", "!?"),
    Case("union_second", "SELECT radius, width, height FROM shape WHERE kind = 2", "?!!"),
    Case("union_coalesce", "SELECT coalesce(radius, width) FROM shape", "!"),
    Case("union_case", "SELECT CASE kind WHEN 1 THEN radius WHEN 2 THEN width * height END FROM shape", "!"),
    Case("union_case_wrong", "SELECT CASE kind WHEN 1 THEN width WHEN 2 THEN radius END FROM shape", "?"),
    Case("union_by_presence", "SELECT width, height, radius FROM shape WHERE radius IS NULL", "!!?"),
    Case("union_not_the_kind", "SELECT width, radius FROM shape WHERE kind <> 1", "!?"),
    Case("one_of_two", "SELECT coalesce(color, pattern), color, pattern FROM shape", "!??"),
    Case("one_of_two_without", "SELECT pattern FROM shape WHERE color IS NULL", "!"),
    Case("one_of_two_with", "SELECT pattern FROM shape WHERE color IS NOT NULL", "?"),
    Case("sum_of_truths", "SELECT coalesce(task, shape), task FROM share", "!?"),
    Case("sum_of_truths_without", "SELECT shape, line FROM share WHERE task IS NULL", "!?"),
    Case("either_of_two", "SELECT line FROM share WHERE shape IS NULL", "!"),
    Case("two_checks", "SELECT line FROM share WHERE task IS NOT NULL", "!"),
    Case("zero_and_minus_zero", "SELECT x FROM loose WHERE real = '-0'", "?"),
    Case("number_of_more_digits", "SELECT x FROM loose WHERE exact = 1.0", "?"),
    Case("padded_text", "SELECT x FROM loose WHERE padded = 'a  '", "?"),
    Case("equal_intervals", "SELECT x FROM loose WHERE span = '24 hours'", "?"),
    Case("other_float", "SELECT x FROM loose WHERE real = 5", "~", why="numbers with several forms are not told apart"),
    Case("other_padded", "SELECT x FROM loose WHERE padded = 'b'", "!"),
    Case("unchecked_null", "SELECT x FROM loose WHERE flag IS NULL", "?"),
    Case("false_by_itself", "SELECT x FROM loose WHERE NOT flag", "!"),
    Case("value_not_valid", "SELECT x FROM unsure WHERE kind = 'a'", "?"),
    Case("value_not_inherited", "SELECT x FROM above WHERE kind = 'a'", "?"),
    Case("value_without_children", "SELECT x FROM ONLY above WHERE kind = 'a'", "!"),
    Case("value_joined", "SELECT t.finished FROM person AS p JOIN task AS t ON t.id = p.id AND t.status = 'done'", "!"),
    Case("value_left_joined", "SELECT t.finished FROM person AS p LEFT JOIN task AS t ON t.id = p.id AND t.status = 'done'", "?"),
    Case("value_left_joined_where", "SELECT t.finished FROM person AS p LEFT JOIN task AS t ON t.id = p.id WHERE t.status = 'done'", "!"),
    Case("value_left_joined_other_side", "SELECT t.finished FROM task AS t LEFT JOIN person AS p ON t.status = 'done'", "?"),
    Case("value_left_joined_matched", "SELECT t.finished FROM task AS t LEFT JOIN person AS p ON p.id = t.id AND t.status = 'done' WHERE p.id IS NOT NULL", "!"),
    Case("value_across_columns", "SELECT a.finished FROM task AS a JOIN task AS b ON a.status = b.status WHERE b.status = 'done'", "!"),
    Case("value_across_other", "SELECT a.finished FROM task AS a JOIN task AS b ON a.status <> b.status WHERE b.status = 'done'", "?"),
    Case("value_aggregate", "SELECT id, max(finished) FROM task WHERE status = 'done' GROUP BY id", "!!"),
    Case("value_grouped", "SELECT finished FROM task WHERE status = 'done' GROUP BY finished", "!"),
    Case("value_having", "SELECT status, finished FROM task GROUP BY status, finished HAVING status = 'done'", "!!"),
    Case("value_subquery", "SELECT f FROM (SELECT finished AS f FROM task WHERE status = 'done') AS s", "!"),
    Case("value_in_array", "SELECT (SELECT t.finished FROM task AS t WHERE t.id = p.id AND t.status = 'done') FROM person AS p", "?"),
    Case("nullif_excluded", "SELECT nullif(status, 'x'), nullif(status, 'done') FROM task", "!?"),
    Case("nullif_where", "SELECT nullif(name, '') FROM person WHERE name <> ''", "!"),
    Case("nullif_known", "SELECT name FROM person WHERE nullif(name, '') IS NOT NULL", "!"),
]  # fmt: skip

#: What a CHECK says of a row that a statement wrote.
WRITTEN = [
    Case("value_set", "UPDATE task SET status = 'done', finished = $1, worker = $1 WHERE id = 2 RETURNING finished", "!", ((5,),)),
    Case("value_set_other", "UPDATE task SET status = 'busy', finished = NULL, worker = 1 RETURNING finished, worker", "?!"),
    Case("value_set_truth", "UPDATE task SET done = true, stamp = $1 RETURNING stamp", "!", ((5,),)),
    Case("value_set_false", "UPDATE task SET done = false, stamp = $1 RETURNING stamp", "?", ((None,),)),
    Case("value_kept", "UPDATE shape SET radius = $1 WHERE kind = 1 RETURNING radius, width", "!?", ((5,),)),
    Case("value_not_kept", "UPDATE shape SET kind = 2, radius = NULL, width = 1, height = 2 WHERE kind = 1 RETURNING radius, width", "?!"),
    Case("value_kept_apart", "UPDATE task SET status = $1, finished = $2 WHERE status = 'done' RETURNING finished", "?", (("new", None),)),
    Case("value_inserted", "INSERT INTO task (id, status, worker, finished) VALUES (90, 'done', $1, $2) RETURNING worker, finished", "!!", ((1, 2),)),
    Case("value_inserted_other", "INSERT INTO task (id, status, worker, finished) VALUES (90, 'new', $1, $2) RETURNING worker, finished", "??", ((None, None),)),
    Case("value_default", "INSERT INTO task (id, worker, finished) VALUES (90, $1, $2) RETURNING worker, finished", "??", ((None, None),)),
    Case("value_upserted", "INSERT INTO task (id, status, worker, finished) VALUES (1, 'done', 1, 2) ON CONFLICT (id) DO UPDATE SET status = 'done', worker = $1, finished = $2 RETURNING finished", "!", ((1, 2),)),
    Case("value_upserted_other", "INSERT INTO task (id, status, worker, finished) VALUES (1, 'done', 1, 2) ON CONFLICT (id) DO UPDATE SET note = 'x' RETURNING finished", "?"),
    Case("value_deleted", "DELETE FROM task WHERE status = 'done' RETURNING finished, note", "!?"),
    Case("value_merged", "MERGE INTO shape USING person ON person.id = shape.id WHEN MATCHED AND kind = 1 THEN UPDATE SET radius = $1 RETURNING radius", "!", ((1,),), since=17),
    Case("value_triggered", "UPDATE moved SET kind = 'a', x = 1 RETURNING x", "?"),
    Case("value_trigger_deleted", "DELETE FROM moved WHERE kind = 'a' RETURNING x", "!"),
]  # fmt: skip
