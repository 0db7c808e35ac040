-- Sessions, approvals, idempotency keys, nonces, metrics, the worker lock and the queue.
-- Locks: creates new relations only; nothing that exists is locked.

CREATE TABLE assistly_sessions (
    user_id text NOT NULL,
    session jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT assistly_sessions_pkey PRIMARY KEY (user_id)
);
COMMENT ON TABLE assistly_sessions IS 'What the assistant remembers of a user.';

CREATE TABLE assistly_approvals (
    id text NOT NULL,
    status text NOT NULL DEFAULT 'pending',
    created_at timestamptz NOT NULL DEFAULT now(),
    decided_at timestamptz,
    payload jsonb NOT NULL,
    CONSTRAINT assistly_approvals_pkey PRIMARY KEY (id),
    CONSTRAINT assistly_approvals_status_known
    CHECK (status IN ('pending', 'approved', 'rejected')),
    CONSTRAINT assistly_approvals_decided_at_of_decision
    CHECK ((status = 'pending') = (decided_at IS NULL))
);
COMMENT ON TABLE assistly_approvals IS 'What a person is asked to allow, decided once.';
CREATE INDEX idx_approvals_created ON assistly_approvals (created_at);
-- What still has to be decided, among all that has been.
CREATE INDEX idx_approvals_status ON assistly_approvals (status, created_at, id);

CREATE TABLE assistly_idempotency (
    key text NOT NULL,
    saved_at timestamptz NOT NULL DEFAULT now(),
    value jsonb,
    fingerprint text,
    state text NOT NULL DEFAULT 'in_flight',
    CONSTRAINT assistly_idempotency_pkey PRIMARY KEY (key),
    CONSTRAINT assistly_idempotency_state_known CHECK (state IN ('in_flight', 'done')),
    -- A stored null is JSON's; NULL is the value that is not there yet.
    CONSTRAINT assistly_idempotency_value_when_done
    CHECK ((state = 'done') = (value IS NOT NULL))
);
COMMENT ON TABLE assistly_idempotency IS 'Requests by key: under way, or their answer.';
COMMENT ON COLUMN assistly_idempotency.saved_at
IS 'When the request began, then when it was done; names the attempt meanwhile.';
CREATE INDEX idx_idempotency_saved ON assistly_idempotency (saved_at);

CREATE TABLE assistly_nonces (
    nonce text NOT NULL,
    timestamp_ms bigint NOT NULL,
    CONSTRAINT assistly_nonces_pkey PRIMARY KEY (nonce)
);
COMMENT ON TABLE assistly_nonces IS 'What a webhook has used; each is used once.';
COMMENT ON COLUMN assistly_nonces.timestamp_ms IS 'Milliseconds since 1970, UTC.';
CREATE INDEX idx_nonces_timestamp ON assistly_nonces (timestamp_ms);

CREATE TABLE assistly_metrics (
    id smallint NOT NULL DEFAULT 1,
    payload jsonb NOT NULL DEFAULT '{}',
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT assistly_metrics_pkey PRIMARY KEY (id),
    CONSTRAINT assistly_metrics_one_row CHECK (id = 1)
);
COMMENT ON TABLE assistly_metrics IS 'One row: counters and latencies, by name.';

CREATE TABLE assistly_worker_lock (
    id smallint NOT NULL,
    owner_id text NOT NULL,
    acquired_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    token bigint NOT NULL,
    CONSTRAINT assistly_worker_lock_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE assistly_worker_lock IS 'Who leads, until when; no row is deleted.';
COMMENT ON COLUMN assistly_worker_lock.token
IS 'The fence: grows with every acquisition, so the newest leader has the largest.';

CREATE TABLE assistly_queue_jobs (
    id bigserial NOT NULL,
    status text NOT NULL DEFAULT 'scheduled',
    retries integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    platform text NOT NULL,
    scheduled_at timestamptz NOT NULL,
    content text NOT NULL,
    idempotency_key text,
    next_retry_at timestamptz,
    remote_id text,
    posted_at timestamptz,
    last_error text,
    dead_letter_at timestamptz,
    dead_letter_reason text,
    replayed_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now(),
    locked_by text,
    locked_until timestamptz,
    attempt_token bigint NOT NULL DEFAULT 0,
    CONSTRAINT assistly_queue_jobs_pkey PRIMARY KEY (id),
    CONSTRAINT assistly_queue_jobs_status_known CHECK (
        status IN ('scheduled', 'retrying', 'processing', 'posted', 'dead_letter')
    ),
    CONSTRAINT assistly_queue_jobs_retries_count CHECK (retries >= 0),
    CONSTRAINT assistly_queue_jobs_next_retry_at_of_retry
    CHECK (next_retry_at IS NULL OR status = 'retrying'),
    CONSTRAINT assistly_queue_jobs_posted_at_of_posted
    CHECK ((status = 'posted') = (posted_at IS NOT NULL)),
    CONSTRAINT assistly_queue_jobs_dead_letter_at_of_dead
    CHECK ((status = 'dead_letter') = (dead_letter_at IS NOT NULL)),
    CONSTRAINT assistly_queue_jobs_lease_of_processing CHECK (
        (status = 'processing') = (locked_by IS NOT NULL)
        AND (status = 'processing') = (locked_until IS NOT NULL)
    )
);
COMMENT ON TABLE assistly_queue_jobs IS 'Posts to be made at their time.';
COMMENT ON COLUMN assistly_queue_jobs.attempt_token
IS 'How often the job was claimed: only who holds the last token may end the attempt.';
COMMENT ON COLUMN assistly_queue_jobs.locked_until IS 'The end of the lease.';

CREATE UNIQUE INDEX idx_queue_idempotency ON assistly_queue_jobs (idempotency_key)
WHERE status IN ('scheduled', 'retrying', 'processing');
CREATE INDEX idx_queue_due ON assistly_queue_jobs (scheduled_at, next_retry_at)
WHERE status IN ('scheduled', 'retrying');
CREATE INDEX idx_queue_conflict ON assistly_queue_jobs (platform, scheduled_at)
WHERE status IN ('scheduled', 'retrying', 'processing');
CREATE INDEX idx_queue_dead_letter ON assistly_queue_jobs (id)
WHERE status = 'dead_letter';
