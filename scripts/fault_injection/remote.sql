-- What jobs are posted to: it keeps one effect a job, and refuses what comes from an
-- attempt that is older than the one it has.

CREATE TABLE effect (
    job_id bigint PRIMARY KEY,
    token bigint NOT NULL,
    remote_id text NOT NULL
);

CREATE TABLE delivery (
    id bigserial PRIMARY KEY,
    job_id bigint NOT NULL,
    token bigint NOT NULL,
    accepted boolean NOT NULL
);

CREATE FUNCTION deliver(
    given_job_id bigint, given_token bigint, given_remote_id text
) RETURNS boolean
LANGUAGE plpgsql
AS $function$
DECLARE
    is_accepted boolean;
BEGIN
    INSERT INTO effect (job_id, token, remote_id)
    VALUES (given_job_id, given_token, given_remote_id)
    ON CONFLICT (job_id) DO UPDATE
    SET
        token = excluded.token,
        remote_id = excluded.remote_id
    WHERE effect.token <= excluded.token;
    is_accepted := FOUND;
    -- The row of the effect is locked, accepted or not: calls are numbered in order.
    INSERT INTO delivery (job_id, token, accepted)
    VALUES (given_job_id, given_token, is_accepted);
    RETURN is_accepted;
END
$function$;
