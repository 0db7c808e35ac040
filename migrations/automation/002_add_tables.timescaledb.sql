-- Events, enforcements and executions as hypertables with a chunk for each day.
-- The columns are those of the other variant; a test compares them.
-- Locks: creates new relations only; nothing that exists is locked.

CREATE EXTENSION IF NOT EXISTS timescaledb;

CREATE TABLE IF NOT EXISTS event (
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
);
COMMENT ON TABLE event IS 'What happened; never changed.';
SELECT create_hypertable(
    'event',
    by_range('created', interval '1 day'),
    create_default_indexes => FALSE,
    if_not_exists => TRUE
);
ALTER TABLE event SET (
    timescaledb.compress,
    timescaledb.compress_segmentby = 'trigger_ref',
    timescaledb.compress_orderby = 'created DESC, id DESC'
);
SELECT add_compression_policy('event', interval '7 days', if_not_exists => TRUE);
SELECT add_retention_policy('event', interval '90 days', if_not_exists => TRUE);

CREATE TABLE IF NOT EXISTS enforcement (
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
);
COMMENT ON TABLE enforcement IS 'A rule that an event met; resolved once.';
SELECT create_hypertable(
    'enforcement',
    by_range('created', interval '1 day'),
    create_default_indexes => FALSE,
    if_not_exists => TRUE
);
ALTER TABLE enforcement SET (
    timescaledb.compress,
    timescaledb.compress_segmentby = 'rule_ref',
    timescaledb.compress_orderby = 'created DESC, id DESC'
);
SELECT add_compression_policy('enforcement', interval '7 days', if_not_exists => TRUE);
SELECT add_retention_policy('enforcement', interval '90 days', if_not_exists => TRUE);

CREATE TABLE IF NOT EXISTS execution (
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
);
COMMENT ON TABLE execution IS 'A run of an action, from request to end.';
SELECT create_hypertable(
    'execution',
    by_range('created', interval '1 day'),
    create_default_indexes => FALSE,
    if_not_exists => TRUE
);
ALTER TABLE execution SET (
    timescaledb.compress,
    timescaledb.compress_segmentby = 'action_ref',
    timescaledb.compress_orderby = 'created DESC, id DESC'
);
SELECT add_compression_policy('execution', interval '7 days', if_not_exists => TRUE);
SELECT add_retention_policy('execution', interval '90 days', if_not_exists => TRUE);
