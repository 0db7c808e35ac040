-- name: create_thing(id, a_bool, colour, created, label, meta, note, price, seen, weight)!
-- Create a thing.
-- @param a_bool = true
-- @param colour = 'green'
-- @param created = '2026-01-31'
-- @param label = 'a "quoted" {label} \ '
-- @param meta = '"text"'
-- @param note = null
-- @param price = 1.10
-- @param seen = '2026-01-31 12:30'
-- @param weight = 2
INSERT INTO thing (
    id, a_bool, colour, created, label, meta, note, price, seen, weight
)
VALUES (
    :id, :a_bool, :colour, :created, :label, :meta, :note, :price, :seen, :weight
);

-- name: add_things(id, colour, price)*!
-- Create things; only the id must be given.
-- @param colour = 'red'
-- @param price = 0
INSERT INTO thing (id, a_bool, colour, created, label, meta, price, seen, weight)
VALUES (:id, true, :colour, current_date, '', 'null', :price, localtimestamp, 0);

-- name: list_things(row_limit)
-- Return some things by id.
-- @param row_limit = 100
SELECT id FROM thing ORDER BY id LIMIT :row_limit;
