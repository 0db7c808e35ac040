-- Let constraints guarantee what only triggers and the maintenance did: the types of the
-- queries promise it. Histories name the changed fields and the row, and tell a status;
-- hours are counted from them. Rows that break this were written by neither.
-- Locks: ACCESS EXCLUSIVE on each history while its rows are read; a columnstore cannot
-- be told to check them later.

ALTER TABLE execution_history
ADD CONSTRAINT execution_history_entity_ref_is_given
CHECK (entity_ref IS NOT NULL),
ADD CONSTRAINT execution_history_fields_are_named
CHECK (array_position(changed_fields, NULL) IS NULL),
ADD CONSTRAINT execution_history_status_is_told CHECK (
    (operation <> 'INSERT' OR (new_values ->> 'status') IS NOT NULL)
    AND (
        'status' <> all(changed_fields)
        OR (
            (old_values ->> 'status') IS NOT NULL
            AND (new_values ->> 'status') IS NOT NULL
        )
    )
);

ALTER TABLE worker_history
ADD CONSTRAINT worker_history_entity_ref_is_given
CHECK (entity_ref IS NOT NULL),
ADD CONSTRAINT worker_history_fields_are_named
CHECK (array_position(changed_fields, NULL) IS NULL),
ADD CONSTRAINT worker_history_status_is_told CHECK (
    (operation <> 'INSERT' OR (new_values ->> 'status') IS NOT NULL)
    AND (
        'status' <> all(changed_fields)
        OR (
            (old_values ->> 'status') IS NOT NULL
            AND (new_values ->> 'status') IS NOT NULL
        )
    )
);
