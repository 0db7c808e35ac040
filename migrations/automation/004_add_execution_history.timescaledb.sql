-- datalayer: requires=maintenance
-- Keep the history of execution: who reads it sees what changed, field by field.
-- Written by
--     datalayer history add execution \
--         --track status,result,executor,workflow_task,env_vars,started_at \
--         --digest result \
--         --initial action_ref,parent,enforcement \
--         --ignore action,config,is_workflow,workflow_def,retry_count,max_retries \
--         --ignore retry_reason,original_execution,created,updated \
--         --ref action_ref \
--         --key id \
--         --retain '90 days'
-- Locks: SHARE ROW EXCLUSIVE on execution while the triggers are created: it is read
-- meanwhile, not written.

-- The function keeps this path: its names mean the same whoever writes to the table,
-- and nothing of a temporary schema can take their place.
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), TRUE);

CREATE TABLE execution_history (
    time timestamptz NOT NULL DEFAULT now(),
    seq bigint GENERATED ALWAYS AS IDENTITY,
    txid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    operation text NOT NULL,
    entity_id bigint NOT NULL,
    entity_ref text,
    changed_fields text[] NOT NULL DEFAULT '{}',
    old_values jsonb,
    new_values jsonb,
    CONSTRAINT execution_history_pkey PRIMARY KEY (seq, time),
    CONSTRAINT execution_history_operation_is_known CHECK (
        operation IN ('INSERT', 'UPDATE', 'DELETE')
    )
);
SELECT create_hypertable(
    'execution_history',
    by_range('time', interval '1 day'),
    create_default_indexes => FALSE
);
ALTER TABLE execution_history SET (
    timescaledb.compress,
    timescaledb.compress_segmentby = 'entity_ref',
    timescaledb.compress_orderby = 'entity_id, time DESC, seq DESC'
);
SELECT add_compression_policy('execution_history', interval '7 days');
SELECT add_retention_policy('execution_history', interval '90 days');

COMMENT ON TABLE execution_history IS
'Every change of execution, in the order of seq; time is when the transaction began.';

CREATE INDEX idx_execution_history_entity ON execution_history (entity_id, time DESC);
CREATE INDEX idx_execution_history_entity_ref
ON execution_history (entity_ref, time DESC);
CREATE INDEX idx_execution_history_status_changes ON execution_history (time DESC)
WHERE 'status' = any(changed_fields);
CREATE INDEX idx_execution_history_changed_fields
ON execution_history USING gin (changed_fields);
CREATE INDEX idx_execution_history_time ON execution_history (time DESC);

CREATE FUNCTION record_execution_history() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT
-- Times in JSON are written with the offset of the session's time zone.
SET timezone = 'UTC'
AS $function$
DECLARE
    changed text[] := '{}';
    old_fields jsonb := '{}';
    new_fields jsonb := '{}';
BEGIN
    IF tg_op = 'UPDATE' THEN
        -- Compared by image, as are all jsonb values below: jsonb takes 1 for 1.0.
        IF ROW(
            old.status,
            old.result,
            old.executor,
            old.workflow_task,
            old.env_vars,
            old.started_at
        )::record *= ROW(
            new.status,
            new.result,
            new.executor,
            new.workflow_task,
            new.env_vars,
            new.started_at
        )::record THEN
            RETURN NULL;
        END IF;
        IF old.status IS DISTINCT FROM new.status THEN
            changed := changed || 'status'::text;
            old_fields := old_fields || jsonb_build_object('status', old.status);
            new_fields := new_fields || jsonb_build_object('status', new.status);
        END IF;
        IF ROW(old.result)::record *<> ROW(new.result)::record THEN
            changed := changed || 'result'::text;
            old_fields := old_fields
                || jsonb_build_object('result', _jsonb_digest_summary(old.result));
            new_fields := new_fields
                || jsonb_build_object('result', _jsonb_digest_summary(new.result));
        END IF;
        IF old.executor IS DISTINCT FROM new.executor THEN
            changed := changed || 'executor'::text;
            old_fields := old_fields || jsonb_build_object('executor', old.executor);
            new_fields := new_fields || jsonb_build_object('executor', new.executor);
        END IF;
        IF ROW(old.workflow_task)::record *<> ROW(new.workflow_task)::record THEN
            changed := changed || 'workflow_task'::text;
            old_fields := old_fields
                || jsonb_build_object(
                    'workflow_task', _jsonb_history_value(old.workflow_task)
                );
            new_fields := new_fields
                || jsonb_build_object(
                    'workflow_task', _jsonb_history_value(new.workflow_task)
                );
        END IF;
        IF ROW(old.env_vars)::record *<> ROW(new.env_vars)::record THEN
            changed := changed || 'env_vars'::text;
            old_fields := old_fields
                || jsonb_build_object('env_vars', _jsonb_history_value(old.env_vars));
            new_fields := new_fields
                || jsonb_build_object('env_vars', _jsonb_history_value(new.env_vars));
        END IF;
        IF old.started_at IS DISTINCT FROM new.started_at THEN
            changed := changed || 'started_at'::text;
            old_fields := old_fields
                || jsonb_build_object('started_at', old.started_at);
            new_fields := new_fields
                || jsonb_build_object('started_at', new.started_at);
        END IF;
        -- A different image of the same value is no change.
        IF changed = '{}' THEN
            RETURN NULL;
        END IF;
        INSERT INTO execution_history (
            operation, entity_id, entity_ref, changed_fields, old_values, new_values
        )
        VALUES ('UPDATE', new.id, new.action_ref, changed, old_fields, new_fields);
    ELSIF tg_op = 'INSERT' THEN
        new_fields := jsonb_build_object(
            'status', new.status,
            'executor', new.executor,
            'started_at', new.started_at,
            'action_ref', new.action_ref,
            'parent', new.parent,
            'enforcement', new.enforcement
        );
        -- What is not in the row of an INSERT was NULL.
        IF new.result IS NOT NULL THEN
            new_fields := new_fields
                || jsonb_build_object('result', _jsonb_digest_summary(new.result));
        END IF;
        IF new.workflow_task IS NOT NULL THEN
            new_fields := new_fields
                || jsonb_build_object(
                    'workflow_task', _jsonb_history_value(new.workflow_task)
                );
        END IF;
        IF new.env_vars IS NOT NULL THEN
            new_fields := new_fields
                || jsonb_build_object('env_vars', _jsonb_history_value(new.env_vars));
        END IF;
        INSERT INTO execution_history (operation, entity_id, entity_ref, new_values)
        VALUES ('INSERT', new.id, new.action_ref, new_fields);
    ELSE
        INSERT INTO execution_history (operation, entity_id, entity_ref)
        VALUES ('DELETE', old.id, old.action_ref);
    END IF;
    RETURN NULL;
END
$function$;
-- Who may hang it on a table of their own could write any history.
REVOKE ALL ON FUNCTION record_execution_history() FROM public;

CREATE TRIGGER execution_history_trigger
AFTER INSERT OR UPDATE OR DELETE ON execution
FOR EACH ROW EXECUTE FUNCTION record_execution_history();

CREATE TRIGGER execution_history_refuse_key_change
BEFORE UPDATE ON execution
FOR EACH ROW
WHEN (old.id <> new.id OR old.created <> new.created)
EXECUTE FUNCTION datalayer_refuse_change('history names rows by their primary key');

CREATE TRIGGER execution_history_refuse_truncate
BEFORE TRUNCATE ON execution
FOR EACH STATEMENT
EXECUTE FUNCTION datalayer_refuse_change('no history would be written, use DELETE');

CREATE TRIGGER execution_history_append_only
BEFORE UPDATE OR DELETE ON execution_history
FOR EACH ROW EXECUTE FUNCTION datalayer_refuse_change('history is append-only');

CREATE TRIGGER execution_history_refuse_truncate
BEFORE TRUNCATE ON execution_history
FOR EACH STATEMENT EXECUTE FUNCTION datalayer_refuse_change('history is append-only');

SELECT datalayer_close_history('execution_history');

COMMENT ON FUNCTION record_execution_history() IS
'datalayer history of execution: {
  "key": "id",
  "ref": "action_ref",
  "track": ["status", "result", "executor", "workflow_task", "env_vars", "started_at"],
  "digest": ["result"],
  "initial": ["action_ref", "parent", "enforcement"],
  "ignore": [
    "action",
    "config",
    "is_workflow",
    "workflow_def",
    "retry_count",
    "max_retries",
    "retry_reason",
    "original_execution",
    "created",
    "updated"
  ]
}';
