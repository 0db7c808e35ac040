-- A queue as pgmq documents it: a message is read by making it invisible until a time,
-- then deleted, or moved to an archive.
CREATE TABLE q_posts (
    msg_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    read_ct integer NOT NULL DEFAULT 0,
    enqueued_at timestamptz NOT NULL DEFAULT now(),
    vt timestamptz NOT NULL,
    message jsonb
);
CREATE INDEX q_posts_vt ON q_posts (vt);

CREATE TABLE a_posts (
    msg_id bigint PRIMARY KEY,
    read_ct integer NOT NULL,
    enqueued_at timestamptz NOT NULL,
    archived_at timestamptz NOT NULL DEFAULT now(),
    vt timestamptz NOT NULL,
    message jsonb
);
CREATE INDEX a_posts_archived_at ON a_posts (archived_at);
