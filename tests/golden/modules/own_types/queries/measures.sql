-- name: list_measures()
-- record_class: Measure
-- Return all measures.
SELECT
    id,
    ratio,
    note,
    ratios,
    shapes
FROM measure;

-- name: create_measure(id, ratio, note, ratios, shapes)!
-- @param ratio = '1/2'
-- @param note = 'none'
-- Create a measure.
INSERT INTO measure (id, ratio, note, ratios, shapes)
VALUES (:id, :ratio, :note, :ratios, :shapes);

-- name: create_measures(id, ratio)*!
-- @param ratio = '1/2'
-- Create many measures.
INSERT INTO measure (id, ratio)
VALUES (:id, :ratio);

-- name: get_ratio()$
-- Return any ratio.
SELECT ratio
FROM measure
LIMIT 1;

-- name: get_location(location)$
-- Return a place in the log of the server, as the project has it.
SELECT :location::pg_lsn AS location;
