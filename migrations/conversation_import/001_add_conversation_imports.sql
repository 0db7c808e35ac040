-- datalayer: requires=conversations
-- Where each import of a file stands, so that the next one goes on there.
-- Locks: creates new relations only; nothing that exists is locked.

CREATE TABLE conversation_imports (
    id bigint GENERATED ALWAYS AS IDENTITY,
    train_id text,
    file_name text NOT NULL,
    fingerprint text NOT NULL,
    byte_position bigint NOT NULL DEFAULT 0,
    line_number bigint NOT NULL DEFAULT 0,
    tail_size integer NOT NULL DEFAULT 0,
    tail_hash text NOT NULL DEFAULT '',
    stored_requests bigint NOT NULL DEFAULT 0,
    known_requests bigint NOT NULL DEFAULT 0,
    bad_lines bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT conversation_imports_pkey PRIMARY KEY (id),
    -- By it two imports of one file at the same time find each other.
    CONSTRAINT conversation_imports_file_key
    UNIQUE NULLS NOT DISTINCT (train_id, file_name, fingerprint),
    CONSTRAINT conversation_imports_counts CHECK (
        byte_position >= 0
        AND line_number >= 0
        AND tail_size >= 0
        AND stored_requests >= 0
        AND known_requests >= 0
        AND bad_lines >= 0
    )
);
COMMENT ON TABLE conversation_imports IS 'How far each file of traffic is imported.';
COMMENT ON COLUMN conversation_imports.train_id
IS 'The train of lines that name none, as it was given for the file.';
COMMENT ON COLUMN conversation_imports.fingerprint
IS 'SHA-256 of the first line, as hexadecimal.';
COMMENT ON COLUMN conversation_imports.byte_position
IS 'How many bytes are done, of what was compressed as it is without that.';
COMMENT ON COLUMN conversation_imports.tail_hash
IS 'SHA-256 of the `tail_size` bytes before the position, as hexadecimal.';
COMMENT ON COLUMN conversation_imports.known_requests
IS 'Requests that were stored already.';
