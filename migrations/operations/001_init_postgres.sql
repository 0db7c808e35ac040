-- The mirror of what an application holds in memory: snapshots by kind, and its events.
-- Locks: creates new relations only; nothing that exists is locked.

CREATE TABLE assistly_store (
    kind text NOT NULL,
    payload jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT assistly_store_pkey PRIMARY KEY (kind),
    CONSTRAINT assistly_store_kind_known CHECK (kind IN ('queue', 'state', 'logs'))
);
COMMENT ON TABLE assistly_store IS 'The last snapshot of each kind.';

CREATE TABLE assistly_events (
    id bigint GENERATED ALWAYS AS IDENTITY,
    event_type text NOT NULL,
    payload jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT assistly_events_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE assistly_events IS 'Events, in the order they were appended.';
CREATE INDEX idx_events_type_created ON assistly_events (event_type, created_at);
