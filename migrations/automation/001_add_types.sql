-- datalayer: requires=maintenance
-- The words of automation: what events, enforcements, executions and workers can be.
-- Locks: creates types and functions only; nothing that exists is locked.

CREATE TYPE worker_type AS ENUM ('local', 'remote', 'container');
CREATE TYPE worker_role AS ENUM ('action', 'sensor', 'hybrid');
CREATE TYPE worker_status AS ENUM ('active', 'inactive', 'busy', 'error', 'draining');
CREATE TYPE enforcement_status AS ENUM ('created', 'processed', 'disabled');
CREATE TYPE enforcement_condition AS ENUM ('any', 'all');
CREATE TYPE execution_status AS ENUM (
    'requested',
    'scheduling',
    'scheduled',
    'running',
    'completed',
    'failed',
    'canceling',
    'cancelled',
    'timeout',
    'abandoned'
);

-- Whether an execution may go from one status to another. An end is an end: what runs
-- again is a new execution that names its original.
CREATE FUNCTION execution_may_move(
    old_status execution_status, new_status execution_status
)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN new_status = any(
    CASE old_status
        WHEN 'requested'
            THEN '{scheduling, canceling, cancelled, failed, timeout, abandoned}'
        WHEN 'scheduling'
            THEN '{scheduled, canceling, cancelled, failed, timeout, abandoned}'
        WHEN 'scheduled'
            THEN '{running, canceling, cancelled, failed, timeout, abandoned}'
        WHEN 'running'
            THEN '{completed, failed, canceling, timeout, abandoned}'
        WHEN 'canceling'
            THEN '{cancelled, completed, failed, timeout, abandoned}'
        ELSE '{}'
    END::execution_status[]
);
