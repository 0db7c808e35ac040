-- Analyses of conversations, queued for workers, and the log of what was done about them.
-- Locks: creates new relations only; nothing that exists is locked.

CREATE TYPE conversation_analysis_status AS ENUM (
    'pending', 'processing', 'completed', 'failed'
);

CREATE TABLE conversation_analyses (
    id bigint GENERATED ALWAYS AS IDENTITY,
    conversation_id uuid NOT NULL,
    branch_id text NOT NULL DEFAULT 'main',
    domain text NOT NULL,
    status conversation_analysis_status NOT NULL DEFAULT 'pending',
    model_used text,
    content text,
    data jsonb,
    raw_response jsonb,
    error_message text,
    retry_count integer NOT NULL DEFAULT 0,
    prompt_tokens integer,
    completion_tokens integer,
    custom_prompt text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    completed_at timestamptz,
    locked_until timestamptz,
    attempt_token bigint NOT NULL DEFAULT 0,
    CONSTRAINT conversation_analyses_pkey PRIMARY KEY (id),
    CONSTRAINT conversation_analyses_conversation_id_branch_id_key
    UNIQUE (conversation_id, branch_id),
    CONSTRAINT conversation_analyses_retry_count CHECK (retry_count >= 0),
    CONSTRAINT conversation_analyses_tokens
    CHECK (prompt_tokens >= 0 AND completion_tokens >= 0),
    CONSTRAINT conversation_analyses_completed_at_of_completed
    CHECK ((status = 'completed') = (completed_at IS NOT NULL)),
    CONSTRAINT conversation_analyses_lease_of_processing
    CHECK ((status = 'processing') = (locked_until IS NOT NULL))
);
COMMENT ON TABLE conversation_analyses IS 'What a model says about a branch.';
COMMENT ON COLUMN conversation_analyses.retry_count
IS 'Attempts that failed since it was last asked for.';
COMMENT ON COLUMN conversation_analyses.locked_until IS 'The end of the lease.';
COMMENT ON COLUMN conversation_analyses.attempt_token
IS 'How often it was claimed: the number names an attempt, and never comes twice.';
-- The oldest pending one, and the ones whose worker is gone.
CREATE INDEX idx_analyses_status ON conversation_analyses (status, created_at, id);
CREATE INDEX idx_analyses_lease ON conversation_analyses (locked_until, id)
WHERE status = 'processing';
-- Those of a domain, of one status or of some.
CREATE INDEX idx_analyses_domain
ON conversation_analyses (domain, status, created_at, id);

CREATE FUNCTION touch_updated_at() RETURNS trigger
LANGUAGE plpgsql
AS $function$
BEGIN
    new.updated_at := clock_timestamp();
    RETURN new;
END
$function$;

CREATE TRIGGER conversation_analyses_touch
BEFORE UPDATE ON conversation_analyses
FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

CREATE TABLE analysis_audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY,
    event_type text NOT NULL,
    outcome text NOT NULL,
    conversation_id uuid NOT NULL,
    branch_id text NOT NULL,
    domain text,
    request_id uuid,
    user_context jsonb NOT NULL DEFAULT '{}',
    metadata jsonb NOT NULL DEFAULT '{}',
    timestamp timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT analysis_audit_log_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE analysis_audit_log IS 'What was done about an analysis, and by whom.';
CREATE INDEX idx_analysis_audit_conversation
ON analysis_audit_log (conversation_id, id);
CREATE INDEX idx_analysis_audit_domain ON analysis_audit_log (domain, id);
CREATE INDEX idx_analysis_audit_timestamp ON analysis_audit_log (timestamp, id);
