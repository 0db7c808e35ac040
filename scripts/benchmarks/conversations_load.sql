-- The data of `scripts/bench conversations`: functions that add conversations with all
-- that belongs to them. Chance is a hash of their number, so that a second run gets the
-- same ones.

-- How the data are laid out: so many requests in so much time.
CREATE TABLE bench_layout (
    requests bigint NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    -- Set when all is there.
    loaded interval
);

-- Conversations in the order of time. Positions count their requests from 0 on.
CREATE TABLE bench_conversation (
    number bigint PRIMARY KEY,
    size integer NOT NULL,
    train integer NOT NULL,
    starts timestamptz NOT NULL,
    -- From one request to the next one.
    pace interval NOT NULL,
    has_tasks boolean NOT NULL,
    -- Where a branch begins, what it continues, and where a summary does.
    branches_at integer,
    branches_from integer,
    compacts_at integer
);

-- From 0 to below 1: the same for the same number and salt.
CREATE FUNCTION bench_chance(number bigint, salt bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE
RETURN (hashint8extended(number, salt) & 1048575) / 1048576.0;

CREATE FUNCTION bench_conversation_id(number bigint) RETURNS uuid
LANGUAGE sql IMMUTABLE
RETURN md5('conversation ' || number)::uuid;

CREATE FUNCTION bench_request_id(number bigint, place integer) RETURNS uuid
LANGUAGE sql IMMUTABLE
RETURN md5('request ' || number || ' ' || place)::uuid;

CREATE FUNCTION bench_message_hash(number bigint, place integer) RETURNS character
LANGUAGE sql IMMUTABLE
RETURN encode(sha256(convert_to('messages ' || number || ' ' || place, 'UTF8')), 'hex');

CREATE FUNCTION bench_train_id(train integer) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN 'train-' || lpad(train::text, 3, '0');

-- Half of all conversations have up to four requests, and some have 300; a quarter is of
-- one train of 200.
CREATE FUNCTION bench_plan_conversations() RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO bench_conversation (
        number,
        size,
        train,
        starts,
        pace,
        has_tasks,
        branches_at,
        branches_from,
        compacts_at
    )
    SELECT
        sized.number,
        sized.size,
        1 + floor(200 * bench_chance(sized.number, 2) ^ 4)::integer AS train,
        least(
            sized.since + sized.span * (sized.before / sized.requests::double precision),
            sized.until - sized.pace * (sized.size + 1)
        ) AS starts,
        sized.pace,
        sized.has_tasks,
        CASE WHEN sized.has_branch THEN sized.size * 2 / 3 / sized.unit * sized.unit END
            AS branches_at,
        CASE WHEN sized.has_branch THEN sized.size / 3 / sized.unit * sized.unit END
            AS branches_from,
        CASE
            WHEN sized.size >= 60 AND bench_chance(sized.number, 5) < 0.3
                THEN sized.size * 5 / 6 / sized.unit * sized.unit
        END AS compacts_at
    FROM (
        SELECT
            counted.*,
            counted.size >= 12 AND counted.has_tasks_if_long AS has_tasks,
            counted.size >= 24 AND bench_chance(counted.number, 4) < 0.3 AS has_branch,
            CASE WHEN counted.has_tasks_if_long THEN 12 ELSE 1 END AS unit
        FROM (
            SELECT
                drawn.number,
                drawn.before,
                layout.since,
                layout.until,
                layout.until - layout.since AS span,
                layout.requests,
                least(drawn.size, layout.requests - drawn.before)::integer AS size,
                interval '1 second' * (10 + 60 * bench_chance(drawn.number, 6)) AS pace,
                bench_chance(drawn.number, 3) < 0.35 AS has_tasks_if_long
            FROM bench_layout AS layout
            CROSS JOIN LATERAL (
                SELECT
                    drawn_size.number,
                    drawn_size.size,
                    sum(drawn_size.size) OVER (ORDER BY drawn_size.number)
                    - drawn_size.size AS before
                FROM (
                    SELECT
                        number,
                        floor(exp(ln(301) * bench_chance(number, 1) ^ 2))::integer AS size
                    FROM generate_series(1, 100 + layout.requests / 15) AS numbers (number)
                ) AS drawn_size
            ) AS drawn
            WHERE drawn.before < layout.requests
        ) AS counted
    ) AS sized
    ORDER BY sized.number;
END;

-- The chunks of one request in a hundred conversations.
CREATE FUNCTION bench_add_chunks() RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO streaming_chunks (request_id, chunk_index, timestamp, data, token_count)
    SELECT
        bench_request_id(conversation.number, 0) AS request_id,
        chunks.number AS chunk_index,
        conversation.starts + chunks.number * interval '20 milliseconds' AS timestamp,
        '{"type": "content_block_delta", "delta": {"text": "word ' || chunks.number
        || '"}}' AS data,
        1 AS token_count
    FROM bench_conversation AS conversation
    CROSS JOIN generate_series(0, 199) AS chunks (number)
    WHERE conversation.number % 100 = 1
    ORDER BY conversation.number, chunks.number;
END;

-- Analyses of one conversation in ten: nearly all done, some pending, some failed.
CREATE FUNCTION bench_add_analyses() RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO conversation_analyses (
        conversation_id,
        branch_id,
        train_id,
        status,
        model_used,
        content,
        error_message,
        retry_count,
        created_at,
        completed_at
    )
    SELECT
        bench_conversation_id(number) AS conversation_id,
        'main' AS branch_id,
        bench_train_id(train) AS train_id,
        CASE
            WHEN number % 1000 < 20 THEN 'pending'
            WHEN number % 1000 < 50 THEN 'failed'
            ELSE 'completed'
        END::conversation_analysis_status AS status,
        'claude-sonnet-4-5' AS model_used,
        'What was done in ' || number AS content,
        CASE WHEN number % 1000 BETWEEN 20 AND 49 THEN 'overloaded' END AS error_message,
        CASE WHEN number % 1000 BETWEEN 20 AND 49 THEN 3 ELSE 0 END AS retry_count,
        starts + interval '1 hour' AS created_at,
        CASE WHEN number % 1000 >= 50 THEN starts + interval '2 hours' END AS completed_at
    FROM bench_conversation
    WHERE number % 10 = 0
    ORDER BY number;
    INSERT INTO analysis_audit_log (
        event_type, outcome, conversation_id, branch_id, train_id, timestamp
    )
    SELECT
        (ARRAY['created', 'claimed', 'completed'])[steps.step] AS event_type,
        'success' AS outcome,
        bench_conversation_id(conversation.number) AS conversation_id,
        'main' AS branch_id,
        bench_train_id(conversation.train) AS train_id,
        conversation.starts + steps.step * interval '1 hour' AS timestamp
    FROM bench_conversation AS conversation
    CROSS JOIN generate_series(1, 3) AS steps (step)
    WHERE conversation.number % 10 = 0
    ORDER BY conversation.starts + steps.step * interval '1 hour';
END;

CREATE FUNCTION bench_add_trains() RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO trains (train_id, name)
    SELECT
        bench_train_id(number) AS train_id,
        'Team ' || number AS name
    FROM generate_series(1, 200) AS numbers (number);
    INSERT INTO train_members (train_id, email, role, added_by)
    SELECT
        bench_train_id(numbers.number) AS train_id,
        'person-' || numbers.number || '-' || people.person || '@example.org' AS email,
        CASE people.person WHEN 1 THEN 'owner' ELSE 'member' END AS role,
        'system' AS added_by
    FROM generate_series(1, 200) AS numbers (number)
    CROSS JOIN generate_series(1, 10) AS people (person);
END;
