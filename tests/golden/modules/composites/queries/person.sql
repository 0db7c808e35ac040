-- name: list_people()
-- record_class: Person
-- Return all people by id.
SELECT
    id,
    name,
    home,
    homes,
    everything,
    awkward,
    nothing,
    lists,
    boxes,
    moods,
    positives
FROM person
ORDER BY id;

-- name: get_person(id)$
-- Return a person as one value.
SELECT person FROM person WHERE id = :id;

-- name: get_named(id)$
-- Return the row of a view as one value.
SELECT named FROM named WHERE id = :id;

-- name: get_homes(id)$
-- Return the homes of a person.
SELECT homes FROM person WHERE id = :id;

-- name: list_grouped()
-- Return people by their home.
SELECT
    home,
    array_agg(person ORDER BY id) AS people,
    array_agg(home ORDER BY id) AS homes
FROM person
GROUP BY home
ORDER BY home;

-- name: get_pair()$
-- Return an anonymous pair, which has no class.
SELECT row(1, 'a') AS pair;

-- name: create_person(id, name, home, homes, everything, awkward, nothing, lists)!
-- Add a person.
-- @param homes[] null
INSERT INTO person (id, name, home, homes, everything, awkward, nothing, lists)
VALUES (:id, :name, :home, :homes, :everything, :awkward, :nothing, :lists);

-- name: set_arrays(id, boxes, moods, positives)!
-- Change the arrays of a person.
-- @param boxes[] null
-- @param moods[] null
-- @param positives[] null
UPDATE person
SET boxes = :boxes, moods = :moods, positives = :positives
WHERE id = :id;

-- name: create_people(people)!
-- Add people.
INSERT INTO person SELECT p.* FROM unnest(:people::person []) AS p;

-- name: list_by_home(home, moods, numbers)
-- Return the names of those who live somewhere.
SELECT name
FROM person
WHERE
    home = :home::address
    AND (everything).a_mood = ANY(:moods)
    AND (everything).a_positive = ANY(:numbers::positive [])
ORDER BY name;

-- name: move(home, id)*!
-- Move people.
-- @param home = null
UPDATE person SET home = :home WHERE id = :id;
