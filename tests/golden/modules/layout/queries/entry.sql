-- name: find_by_pattern(body)
-- Return entries "by pattern" \d; a sentence so long that it needs a second line of its docstring.
-- The second line says ’more’.
SELECT
    id,
    -- a whole-line comment with :colons and 'quotes'
    body AS "text"   -- trailing
FROM entry
WHERE body ~ '^\s+"""\d\\' AND body LIKE '100%%' AND body <> E'\n' AND body = :body AND body <> 'a text that makes this line long'
ORDER BY id;

-- name: find_by_state(first_state, second_state, some_identifier_of_length, another_identifier)
-- Return entries in one of two states.
SELECT
    id,
    state,
    states,
    states AS more_states
FROM entry
WHERE state IN (:first_state, :second_state) OR id IN (:some_identifier_of_length, :another_identifier)
ORDER BY id;

-- name: move_all_entries_from_one_state_to_another_state_at_once(old_state, new_state)*!
-- Move entries.
UPDATE entry SET state = :new_state WHERE state = :old_state;

-- name: count_all_entries_that_are_in_some_state_or_in_another_state()$
-- Count entries.
SELECT count(*) FROM entry;
