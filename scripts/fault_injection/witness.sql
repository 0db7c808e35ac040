-- Notes every change of a job in the transaction that makes it, so that what was not
-- committed was not seen either.

CREATE SCHEMA witness;

CREATE TABLE witness.change (
    id bigserial PRIMARY KEY,
    job_id bigint NOT NULL,
    operation text NOT NULL,
    at timestamptz NOT NULL,
    status text NOT NULL,
    retries integer NOT NULL,
    attempt_token bigint NOT NULL,
    due_at timestamptz NOT NULL,
    locked_by text,
    locked_until timestamptz,
    remote_id text,
    last_error text
);

CREATE FUNCTION witness.note() RETURNS trigger
LANGUAGE plpgsql
AS $function$
DECLARE
    job assistly_queue_jobs := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    -- The row is locked until the end of the transaction: changes of a job are
    -- numbered in order.
    INSERT INTO witness.change (
        job_id, operation, at, status, retries, attempt_token, due_at,
        locked_by, locked_until, remote_id, last_error
    )
    VALUES (
        job.id, TG_OP, statement_timestamp(), job.status, job.retries,
        job.attempt_token, coalesce(job.next_retry_at, job.scheduled_at),
        job.locked_by, job.locked_until, job.remote_id, job.last_error
    );
    RETURN NULL;
END
$function$;

CREATE TRIGGER witness_note
AFTER INSERT OR UPDATE OR DELETE ON assistly_queue_jobs
FOR EACH ROW EXECUTE FUNCTION witness.note();
