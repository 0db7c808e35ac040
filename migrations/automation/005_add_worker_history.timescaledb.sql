-- datalayer: requires=maintenance
-- Keep the history of worker: who reads it sees what changed, field by field.
-- Written by
--     datalayer history add worker \
--         --track name,status,capabilities,meta,host,port \
--         --initial worker_type,worker_role \
--         --ignore runtime,last_heartbeat,created,updated \
--         --ref name \
--         --retain '180 days' \
--         --step '7 days'
-- Locks: SHARE ROW EXCLUSIVE on worker while the triggers are created: it is read
-- meanwhile, not written.

-- The function keeps this path: its names mean the same whoever writes to the table,
-- and nothing of a temporary schema can take their place.
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), TRUE);

CREATE TABLE worker_history (
    time timestamptz NOT NULL DEFAULT now(),
    seq bigint GENERATED ALWAYS AS IDENTITY,
    txid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    operation text NOT NULL,
    entity_id bigint NOT NULL,
    entity_ref text,
    changed_fields text[] NOT NULL DEFAULT '{}',
    old_values jsonb,
    new_values jsonb,
    CONSTRAINT worker_history_pkey PRIMARY KEY (seq, time),
    CONSTRAINT worker_history_operation_is_known CHECK (
        operation IN ('INSERT', 'UPDATE', 'DELETE')
    )
);
SELECT create_hypertable(
    'worker_history',
    by_range('time', interval '7 days'),
    create_default_indexes => FALSE
);
ALTER TABLE worker_history SET (
    timescaledb.compress,
    timescaledb.compress_segmentby = 'entity_ref',
    timescaledb.compress_orderby = 'entity_id, time DESC, seq DESC'
);
SELECT add_compression_policy('worker_history', interval '7 days');
SELECT add_retention_policy('worker_history', interval '180 days');

COMMENT ON TABLE worker_history IS
'Every change of worker, in the order of seq; time is when the transaction began.';

CREATE INDEX idx_worker_history_entity ON worker_history (entity_id, time DESC);
CREATE INDEX idx_worker_history_entity_ref ON worker_history (entity_ref, time DESC);
CREATE INDEX idx_worker_history_status_changes ON worker_history (time DESC)
WHERE 'status' = any(changed_fields);
CREATE INDEX idx_worker_history_changed_fields
ON worker_history USING gin (changed_fields);
CREATE INDEX idx_worker_history_time ON worker_history (time DESC);

CREATE FUNCTION record_worker_history() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
DECLARE
    changed text[] := '{}';
    old_fields jsonb := '{}';
    new_fields jsonb := '{}';
BEGIN
    IF tg_op = 'UPDATE' THEN
        -- Compared by image, as are all jsonb values below: jsonb takes 1 for 1.0.
        IF ROW(
            old.name,
            old.status,
            old.capabilities,
            old.meta,
            old.host,
            old.port
        )::record *= ROW(
            new.name,
            new.status,
            new.capabilities,
            new.meta,
            new.host,
            new.port
        )::record THEN
            RETURN NULL;
        END IF;
        IF old.name IS DISTINCT FROM new.name THEN
            changed := changed || 'name'::text;
            old_fields := old_fields || jsonb_build_object('name', old.name);
            new_fields := new_fields || jsonb_build_object('name', new.name);
        END IF;
        IF old.status IS DISTINCT FROM new.status THEN
            changed := changed || 'status'::text;
            old_fields := old_fields || jsonb_build_object('status', old.status);
            new_fields := new_fields || jsonb_build_object('status', new.status);
        END IF;
        IF ROW(old.capabilities)::record *<> ROW(new.capabilities)::record THEN
            changed := changed || 'capabilities'::text;
            old_fields := old_fields
                || jsonb_build_object(
                    'capabilities', _jsonb_history_value(old.capabilities)
                );
            new_fields := new_fields
                || jsonb_build_object(
                    'capabilities', _jsonb_history_value(new.capabilities)
                );
        END IF;
        IF ROW(old.meta)::record *<> ROW(new.meta)::record THEN
            changed := changed || 'meta'::text;
            old_fields := old_fields
                || jsonb_build_object('meta', _jsonb_history_value(old.meta));
            new_fields := new_fields
                || jsonb_build_object('meta', _jsonb_history_value(new.meta));
        END IF;
        IF old.host IS DISTINCT FROM new.host THEN
            changed := changed || 'host'::text;
            old_fields := old_fields || jsonb_build_object('host', old.host);
            new_fields := new_fields || jsonb_build_object('host', new.host);
        END IF;
        IF old.port IS DISTINCT FROM new.port THEN
            changed := changed || 'port'::text;
            old_fields := old_fields || jsonb_build_object('port', old.port);
            new_fields := new_fields || jsonb_build_object('port', new.port);
        END IF;
        -- A different image of the same value is no change.
        IF changed = '{}' THEN
            RETURN NULL;
        END IF;
        INSERT INTO worker_history (
            operation, entity_id, entity_ref, changed_fields, old_values, new_values
        )
        VALUES ('UPDATE', new.id, new.name, changed, old_fields, new_fields);
    ELSIF tg_op = 'INSERT' THEN
        new_fields := jsonb_build_object(
            'name', new.name,
            'status', new.status,
            'host', new.host,
            'port', new.port,
            'worker_type', new.worker_type,
            'worker_role', new.worker_role
        );
        -- What is not in the row of an INSERT was NULL.
        IF new.capabilities IS NOT NULL THEN
            new_fields := new_fields
                || jsonb_build_object(
                    'capabilities', _jsonb_history_value(new.capabilities)
                );
        END IF;
        IF new.meta IS NOT NULL THEN
            new_fields := new_fields
                || jsonb_build_object('meta', _jsonb_history_value(new.meta));
        END IF;
        INSERT INTO worker_history (operation, entity_id, entity_ref, new_values)
        VALUES ('INSERT', new.id, new.name, new_fields);
    ELSE
        INSERT INTO worker_history (operation, entity_id, entity_ref)
        VALUES ('DELETE', old.id, old.name);
    END IF;
    RETURN NULL;
END
$function$;
-- Who may hang it on a table of their own could write any history.
REVOKE ALL ON FUNCTION record_worker_history() FROM public;

CREATE TRIGGER worker_history_trigger
AFTER INSERT OR UPDATE OR DELETE ON worker
FOR EACH ROW EXECUTE FUNCTION record_worker_history();

CREATE TRIGGER worker_history_refuse_key_change
BEFORE UPDATE ON worker
FOR EACH ROW
WHEN (old.id <> new.id)
EXECUTE FUNCTION datalayer_refuse_change('history names rows by their primary key');

CREATE TRIGGER worker_history_refuse_truncate
BEFORE TRUNCATE ON worker
FOR EACH STATEMENT
EXECUTE FUNCTION datalayer_refuse_change('no history would be written, use DELETE');

CREATE TRIGGER worker_history_append_only
BEFORE UPDATE OR DELETE ON worker_history
FOR EACH ROW EXECUTE FUNCTION datalayer_refuse_change('history is append-only');

CREATE TRIGGER worker_history_refuse_truncate
BEFORE TRUNCATE ON worker_history
FOR EACH STATEMENT EXECUTE FUNCTION datalayer_refuse_change('history is append-only');

-- Also while a subscription or a restore applies changes. Hypertables cannot.
ALTER TABLE worker ENABLE ALWAYS TRIGGER worker_history_trigger;
ALTER TABLE worker ENABLE ALWAYS TRIGGER worker_history_refuse_key_change;
ALTER TABLE worker ENABLE ALWAYS TRIGGER worker_history_refuse_truncate;

SELECT datalayer_close_history('worker_history');

COMMENT ON FUNCTION record_worker_history() IS
'datalayer history of worker: {
  "key": "id",
  "ref": "name",
  "track": ["name", "status", "capabilities", "meta", "host", "port"],
  "digest": [],
  "initial": ["worker_type", "worker_role"],
  "ignore": ["runtime", "last_heartbeat", "created", "updated"]
}';
