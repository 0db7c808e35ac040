-- Let constraints guarantee what only triggers and the maintenance did: the types of the
-- queries promise it. Histories name the changed fields and the row, and tell a status;
-- stored hours say whose they are. Rows that break this were written by neither.
-- Locks: ACCESS EXCLUSIVE for a moment on the histories, and on the stored hours while
-- they are read, a row an hour; then SHARE UPDATE EXCLUSIVE on one history at a time
-- while its rows are read, which keeps out neither readers nor writers.

ALTER TABLE execution_history
ADD CONSTRAINT execution_history_entity_ref_is_given
CHECK (entity_ref IS NOT NULL) NOT VALID,
ADD CONSTRAINT execution_history_fields_are_named
CHECK (array_position(changed_fields, NULL) IS NULL) NOT VALID,
ADD CONSTRAINT execution_history_status_is_told CHECK (
    (operation <> 'INSERT' OR (new_values ->> 'status') IS NOT NULL)
    AND (
        'status' <> all(changed_fields)
        OR (
            (old_values ->> 'status') IS NOT NULL
            AND (new_values ->> 'status') IS NOT NULL
        )
    )
) NOT VALID;

ALTER TABLE worker_history
ADD CONSTRAINT worker_history_entity_ref_is_given
CHECK (entity_ref IS NOT NULL) NOT VALID,
ADD CONSTRAINT worker_history_fields_are_named
CHECK (array_position(changed_fields, NULL) IS NULL) NOT VALID,
ADD CONSTRAINT worker_history_status_is_told CHECK (
    (operation <> 'INSERT' OR (new_values ->> 'status') IS NOT NULL)
    AND (
        'status' <> all(changed_fields)
        OR (
            (old_values ->> 'status') IS NOT NULL
            AND (new_values ->> 'status') IS NOT NULL
        )
    )
) NOT VALID;

ALTER TABLE enforcement_volume_hourly_stored
ALTER COLUMN rule_ref SET NOT NULL;
ALTER TABLE event_volume_hourly_stored
ALTER COLUMN trigger_ref SET NOT NULL;
ALTER TABLE execution_status_hourly_stored
ALTER COLUMN action_ref SET NOT NULL,
ALTER COLUMN new_status SET NOT NULL;
ALTER TABLE execution_throughput_hourly_stored
ALTER COLUMN action_ref SET NOT NULL;
ALTER TABLE execution_volume_hourly_stored
ALTER COLUMN action_ref SET NOT NULL,
ALTER COLUMN initial_status SET NOT NULL;
ALTER TABLE worker_status_hourly_stored
ALTER COLUMN worker_name SET NOT NULL,
ALTER COLUMN new_status SET NOT NULL;

-- datalayer: transaction=off
ALTER TABLE execution_history VALIDATE CONSTRAINT execution_history_entity_ref_is_given;
ALTER TABLE execution_history VALIDATE CONSTRAINT execution_history_fields_are_named;
ALTER TABLE execution_history VALIDATE CONSTRAINT execution_history_status_is_told;
ALTER TABLE worker_history VALIDATE CONSTRAINT worker_history_entity_ref_is_given;
ALTER TABLE worker_history VALIDATE CONSTRAINT worker_history_fields_are_named;
ALTER TABLE worker_history VALIDATE CONSTRAINT worker_history_status_is_told;
