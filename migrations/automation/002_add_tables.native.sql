-- Events, enforcements and executions, partitioned by the day they were created.
-- The columns are those of the other variant; a test compares them.
-- Locks: creates new relations only; nothing that exists is locked.

CREATE TABLE event (
    id bigserial NOT NULL,
    trigger bigint,
    trigger_ref text NOT NULL,
    config jsonb,
    payload jsonb,
    source bigint,
    source_ref text,
    rule bigint,
    rule_ref text,
    created timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT event_pkey PRIMARY KEY (id, created)
) PARTITION BY RANGE (created);
CREATE TABLE event_default PARTITION OF event DEFAULT;
COMMENT ON TABLE event IS 'What happened; never changed.';

CREATE TABLE enforcement (
    id bigserial NOT NULL,
    rule bigint,
    rule_ref text NOT NULL,
    trigger_ref text NOT NULL,
    config jsonb,
    event bigint,
    status enforcement_status NOT NULL DEFAULT 'created',
    payload jsonb NOT NULL,
    condition enforcement_condition NOT NULL DEFAULT 'all',
    conditions jsonb NOT NULL DEFAULT '[]',
    created timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz,
    CONSTRAINT enforcement_pkey PRIMARY KEY (id, created)
) PARTITION BY RANGE (created);
CREATE TABLE enforcement_default PARTITION OF enforcement DEFAULT;
COMMENT ON TABLE enforcement IS 'A rule that an event met; resolved once.';

CREATE TABLE execution (
    id bigserial NOT NULL,
    action bigint,
    action_ref text NOT NULL,
    config jsonb,
    env_vars jsonb,
    parent bigint,
    enforcement bigint,
    executor bigint,
    status execution_status NOT NULL DEFAULT 'requested',
    result jsonb,
    started_at timestamptz,
    is_workflow boolean NOT NULL DEFAULT FALSE,
    workflow_def bigint,
    workflow_task jsonb,
    retry_count integer NOT NULL DEFAULT 0,
    max_retries integer,
    retry_reason text,
    original_execution bigint,
    created timestamptz NOT NULL DEFAULT now(),
    updated timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT execution_pkey PRIMARY KEY (id, created),
    CONSTRAINT execution_retry_count_not_negative CHECK (retry_count >= 0),
    CONSTRAINT execution_max_retries_not_negative CHECK (max_retries >= 0)
) PARTITION BY RANGE (created);
CREATE TABLE execution_default PARTITION OF execution DEFAULT;
COMMENT ON TABLE execution IS 'A run of an action, from request to end.';

INSERT INTO datalayer_partitioned (relation, time_column, step, retain)
VALUES
('event', 'created', '1 day', '90 days'),
('enforcement', 'created', '1 day', '90 days'),
('execution', 'created', '1 day', '90 days');
