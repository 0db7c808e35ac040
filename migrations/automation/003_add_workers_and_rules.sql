-- Workers, and what holds for all four tables: indexes, `updated`, what may not change.
-- Locks: SHARE ROW EXCLUSIVE on the tables of the file before, which are new.

CREATE TABLE worker (
    id bigserial NOT NULL,
    name text NOT NULL,
    worker_type worker_type NOT NULL,
    worker_role worker_role NOT NULL,
    runtime bigint,
    host text,
    port integer,
    status worker_status NOT NULL DEFAULT 'active',
    capabilities jsonb,
    meta jsonb,
    last_heartbeat timestamptz,
    created timestamptz NOT NULL DEFAULT now(),
    updated timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT worker_pkey PRIMARY KEY (id),
    CONSTRAINT worker_name_key UNIQUE (name),
    CONSTRAINT worker_port_is_a_port CHECK (port BETWEEN 1 AND 65535)
);
COMMENT ON TABLE worker IS 'Who runs actions and sensors.';

CREATE INDEX idx_event_created ON event (created DESC, id DESC);
CREATE INDEX idx_event_trigger_ref ON event (trigger_ref, created DESC, id DESC);
CREATE INDEX idx_event_trigger ON event (trigger, created DESC)
WHERE trigger IS NOT NULL;
CREATE INDEX idx_event_source ON event (source, created DESC) WHERE source IS NOT NULL;
CREATE INDEX idx_event_rule_ref ON event (rule_ref, created DESC)
WHERE rule_ref IS NOT NULL;
CREATE INDEX idx_enforcement_created ON enforcement (created DESC, id DESC);
CREATE INDEX idx_enforcement_rule_ref ON enforcement (rule_ref, created DESC, id DESC);
CREATE INDEX idx_enforcement_trigger_ref
ON enforcement (trigger_ref, created DESC, id DESC);
CREATE INDEX idx_enforcement_event ON enforcement (event) WHERE event IS NOT NULL;
CREATE INDEX idx_enforcement_status ON enforcement (status, created DESC, id DESC);
CREATE INDEX idx_execution_created ON execution (created DESC, id DESC);
CREATE INDEX idx_execution_action_ref ON execution (action_ref, created DESC, id DESC);
CREATE INDEX idx_execution_status ON execution (status, created DESC, id DESC);
CREATE INDEX idx_execution_enforcement ON execution (enforcement)
WHERE enforcement IS NOT NULL;
CREATE INDEX idx_execution_parent ON execution (parent) WHERE parent IS NOT NULL;
CREATE INDEX idx_execution_executor ON execution (executor, created DESC)
WHERE executor IS NOT NULL;
CREATE INDEX idx_execution_original ON execution (original_execution)
WHERE original_execution IS NOT NULL;
CREATE INDEX idx_worker_status ON worker (status, last_heartbeat DESC);

CREATE FUNCTION automation_set_updated() RETURNS trigger
LANGUAGE plpgsql
AS $function$
BEGIN
    new.updated := now();
    RETURN new;
END
$function$;

CREATE TRIGGER execution_set_updated
BEFORE UPDATE ON execution
FOR EACH ROW EXECUTE FUNCTION automation_set_updated();

CREATE TRIGGER worker_set_updated
BEFORE UPDATE ON worker
FOR EACH ROW EXECUTE FUNCTION automation_set_updated();

CREATE TRIGGER event_refuse_change
BEFORE UPDATE ON event
FOR EACH ROW EXECUTE FUNCTION datalayer_refuse_change('events are immutable');

CREATE TRIGGER enforcement_refuse_key_change
BEFORE UPDATE ON enforcement
FOR EACH ROW
WHEN (old.id <> new.id OR old.created <> new.created)
EXECUTE FUNCTION datalayer_refuse_change('the primary key stays');

CREATE TRIGGER event_refuse_truncate
BEFORE TRUNCATE ON event
FOR EACH STATEMENT
EXECUTE FUNCTION datalayer_refuse_change('hourly relations would stay, use DELETE');

CREATE TRIGGER enforcement_refuse_truncate
BEFORE TRUNCATE ON enforcement
FOR EACH STATEMENT
EXECUTE FUNCTION datalayer_refuse_change('hourly relations would stay, use DELETE');
