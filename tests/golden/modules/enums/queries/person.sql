-- name: list_people(moods)
-- Return the people of some moods by id.
SELECT
    id,
    mood,
    moods,
    heat,
    kitchen_heat
FROM person
WHERE mood = ANY (:moods)
ORDER BY id;

-- name: get_mood(id)$
-- Return the mood of a person.
SELECT mood FROM person WHERE id = :id;

-- name: list_moods()$
-- Return all moods.
-- @column moods not null
-- @column moods[] not null
SELECT enum_range(NULL::mood) AS moods;

-- name: cheer_up(id, mood, heat)!
-- Change the mood of a person.
-- @param mood = 'happy'
-- @param heat null
-- @param heat = null
UPDATE person SET mood = :mood, heat = :heat WHERE id = :id;
