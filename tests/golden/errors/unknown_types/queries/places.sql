-- name: list_places()
-- Return all places.
SELECT
    id,
    shape,
    shapes
FROM place
ORDER BY id;

-- name: create_place(id, shape)!
-- Create a place.
INSERT INTO place (id, shape)
VALUES (:id, :shape);

-- name: get_shape(id)$
-- Return the shape of a place as text.
SELECT shape::text AS shape
FROM place
WHERE id = :id;
