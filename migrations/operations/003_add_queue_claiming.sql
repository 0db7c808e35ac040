-- What workers need: indexes to find work by, a call that wakes them, and whose turn
-- retention is.
-- Locks: SHARE, and SHARE ROW EXCLUSIVE for the trigger, on assistly_queue_jobs, which
-- is new.

-- A retry keeps its old scheduled_at: by idx_queue_due every claim would have to pass
-- over all that wait for their retry. By the time a job is due, it meets none of them.
CREATE INDEX idx_queue_ready
ON assistly_queue_jobs ((coalesce(next_retry_at, scheduled_at)), id)
-- Those that wait, said as in no other index: when the statistics know of none that
-- waits, all indexes of them look alike, and a claim would take any.
WHERE status NOT IN ('processing', 'posted', 'dead_letter');

-- Leases are looked through for expired ones again and again.
CREATE INDEX idx_queue_lease ON assistly_queue_jobs (locked_until, id)
WHERE status = 'processing';

-- Lists and counts of one status, when most jobs are long posted.
CREATE INDEX idx_queue_status ON assistly_queue_jobs (status, id);

-- Each INSERT wakes the workers, from whichever program it comes. Once a statement:
-- PostgreSQL holds a lock of the whole database while a transaction that notified
-- commits, so that bulk loads had better be few statements.
CREATE FUNCTION assistly_queue_wake() RETURNS trigger
LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM pg_catalog.pg_notify('assistly_queue', '');
    RETURN NULL;
END
$function$;

CREATE TRIGGER assistly_queue_jobs_wake
AFTER INSERT ON assistly_queue_jobs
FOR EACH STATEMENT EXECUTE FUNCTION assistly_queue_wake();

CREATE TABLE assistly_retention (
    id smallint NOT NULL DEFAULT 1,
    last_run_at timestamptz NOT NULL,
    CONSTRAINT assistly_retention_pkey PRIMARY KEY (id),
    CONSTRAINT assistly_retention_one_row CHECK (id = 1)
);
COMMENT ON TABLE assistly_retention IS 'One row: when a process last took the turn.';
