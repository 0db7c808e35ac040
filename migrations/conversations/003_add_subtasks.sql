-- Sub-tasks: conversations that a tool call of another conversation began.
-- Requests that are there already are linked to the calls that began them, in batches.
-- Safe to run again.
-- Locks: ACCESS EXCLUSIVE on api_requests, for a moment; the batches lock the requests
-- that they change.

ALTER TABLE api_requests
ADD COLUMN IF NOT EXISTS parent_task_request_id uuid,
ADD COLUMN IF NOT EXISTS is_subtask boolean NOT NULL DEFAULT FALSE,
ADD COLUMN IF NOT EXISTS task_tool_invocation jsonb;
COMMENT ON COLUMN api_requests.parent_task_request_id
IS 'The request whose answer called for this sub-task.';
COMMENT ON COLUMN api_requests.task_tool_invocation
IS 'The sub-tasks that the answer called for: [{"id": …, "name": …, "input": …}].';

CREATE TABLE IF NOT EXISTS backfill_progress (
    backfill text NOT NULL,
    -- The last one that is done; they are taken in the order of their ids.
    position uuid,
    seen bigint NOT NULL DEFAULT 0,
    changed bigint NOT NULL DEFAULT 0,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    CONSTRAINT backfill_progress_pkey PRIMARY KEY (backfill)
);
COMMENT ON TABLE backfill_progress IS 'How far each backfill has come.';

-- Return the next requests of a backfill, or NULL when it is done: also when another
-- session finished it since the call began. Two at the same time share the work: the
-- row of the backfill is locked until COMMIT. One that is done begins anew.
CREATE OR REPLACE FUNCTION next_backfill_batch(
    wanted text, batch_size integer, called_at timestamptz
) RETURNS uuid[]
LANGUAGE plpgsql
AS $function$
DECLARE
    reached uuid;
    done_at timestamptz;
    batch uuid[];
BEGIN
    INSERT INTO backfill_progress (backfill) VALUES (wanted) ON CONFLICT DO NOTHING;
    SELECT position, finished_at INTO reached, done_at
    FROM backfill_progress WHERE backfill = wanted FOR UPDATE;
    IF done_at >= called_at THEN
        RETURN NULL;
    ELSIF done_at IS NOT NULL THEN
        UPDATE backfill_progress
        SET
            position = NULL,
            seen = 0,
            changed = 0,
            started_at = clock_timestamp(),
            finished_at = NULL
        WHERE backfill = wanted;
        reached := NULL;
    END IF;
    IF reached IS NULL THEN
        batch := array(
            SELECT request_id FROM api_requests ORDER BY request_id LIMIT batch_size
        );
    ELSE
        batch := array(
            SELECT request_id FROM api_requests
            WHERE request_id > reached ORDER BY request_id LIMIT batch_size
        );
    END IF;
    RETURN nullif(batch, '{}');
END
$function$;

-- Write down that a batch is done, and say so.
CREATE OR REPLACE FUNCTION finish_backfill_batch(
    wanted text, batch uuid[], changed_rows bigint
) RETURNS void
LANGUAGE plpgsql
AS $function$
DECLARE
    progress record;
    total bigint := (
        SELECT greatest(reltuples, 0) FROM pg_catalog.pg_class
        WHERE oid = 'api_requests'::regclass
    );
BEGIN
    UPDATE backfill_progress
    SET
        position = batch[cardinality(batch)],
        seen = seen + cardinality(batch),
        changed = changed + changed_rows
    WHERE backfill = wanted
    RETURNING seen, changed INTO progress;
    RAISE NOTICE '%: % of about % requests seen, % changed',
        wanted, progress.seen, greatest(total, progress.seen), progress.changed;
END
$function$;

-- Write down that a backfill is done, unless another session has.
CREATE OR REPLACE FUNCTION finish_backfill(wanted text) RETURNS void
LANGUAGE sql
AS $function$
    UPDATE backfill_progress SET finished_at = clock_timestamp()
    WHERE backfill = wanted AND finished_at IS NULL
$function$;

-- Note the calls of the tool `Task` in the answers.
CREATE OR REPLACE PROCEDURE backfill_task_invocations(batch_size integer DEFAULT 5000)
LANGUAGE plpgsql
AS $procedure$
DECLARE
    called_at timestamptz := clock_timestamp();
    batch uuid[];
    changed_rows bigint;
BEGIN
    LOOP
        batch := next_backfill_batch('task invocations', batch_size, called_at);
        EXIT WHEN batch IS NULL;
        UPDATE api_requests SET task_tool_invocation = found.calls
        FROM (
            SELECT
                request_id,
                (
                    SELECT
                        jsonb_agg(
                            jsonb_build_object(
                                'id', block -> 'id',
                                'name', block -> 'name',
                                'input', block -> 'input'
                            )
                            ORDER BY place
                        )
                    -- Strict, so that what has another shape is no call.
                    FROM jsonb_path_query(
                        response_body,
                        'strict $.content[*]
                            ? (@.type == "tool_use" && @.name == "Task")',
                        '{}',
                        TRUE
                    ) WITH ORDINALITY AS blocks (block, place)
                ) AS calls
            FROM api_requests
            WHERE request_id = ANY (batch) AND task_tool_invocation IS NULL
        ) AS found
        WHERE
            api_requests.request_id = found.request_id
            AND found.calls IS NOT NULL;
        GET DIAGNOSTICS changed_rows = ROW_COUNT;
        PERFORM finish_backfill_batch('task invocations', batch, changed_rows);
        COMMIT;
    END LOOP;
    PERFORM finish_backfill('task invocations');
END
$procedure$;

-- The text that a conversation begins with, as it came and without what clients add:
-- reminders of their own, in blocks before it or around it. NULL when there is none.
CREATE OR REPLACE FUNCTION first_message_forms(body jsonb) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE
AS $function$
DECLARE
    content jsonb := body #> '{messages,0,content}';
    original text;
    plain text;
BEGIN
    IF jsonb_typeof(content) = 'string' THEN
        content := jsonb_build_array(
            jsonb_build_object('type', 'text', 'text', content)
        );
    END IF;
    FOR original IN
        SELECT found.block #>> '{}'
        FROM jsonb_path_query(
            content,
            'strict $[*] ? (@.type == "text" && @.text.type() == "string").text',
            '{}',
            TRUE
        ) AS found (block)
    LOOP
        plain := regexp_replace(
            replace(original, E'\r\n', E'\n'),
            '<system-reminder>.*?</system-reminder>',
            '',
            'g'
        );
        plain := btrim(plain, E' \t\n\r\f\v');
        IF plain <> '' THEN
            RETURN ARRAY[original, plain];
        END IF;
    END LOOP;
    RETURN NULL;
END
$function$;

-- Link what begins with the prompt of a call, within a day after it, to the last such
-- call before.
CREATE OR REPLACE PROCEDURE backfill_subtasks(batch_size integer DEFAULT 1000)
LANGUAGE plpgsql
AS $procedure$
DECLARE
    called_at timestamptz := clock_timestamp();
    batch uuid[];
    changed_rows bigint;
BEGIN
    LOOP
        batch := next_backfill_batch('subtasks', batch_size, called_at);
        EXIT WHEN batch IS NULL;
        UPDATE api_requests
        SET parent_task_request_id = found.parent_id, is_subtask = TRUE
        FROM (
            SELECT
                child.request_id,
                (
                    SELECT caller.request_id
                    FROM (
                        SELECT
                            parent.request_id,
                            parent.domain,
                            parent.timestamp
                        FROM unnest(first_message_forms(child.body)) AS form
                        INNER JOIN api_requests AS parent
                            ON
                                parent.task_tool_invocation @> jsonb_build_array(
                                    jsonb_build_object(
                                        'input', jsonb_build_object('prompt', form)
                                    )
                                )
                        -- By the index of calls first: the server believes that there
                        -- are many of a prompt, and would rather read all of a day.
                        OFFSET 0
                    ) AS caller
                    WHERE
                        caller.domain = child.domain
                        AND caller.request_id <> child.request_id
                        AND caller.timestamp <= child.timestamp
                        AND caller.timestamp >= child.timestamp - interval '24 hours'
                    ORDER BY caller.timestamp DESC, caller.request_id DESC
                    LIMIT 1
                ) AS parent_id
            FROM api_requests AS child
            WHERE
                child.request_id = ANY (batch)
                AND child.parent_task_request_id IS NULL
                -- What continues something is no beginning.
                AND jsonb_array_length(
                    CASE jsonb_typeof(child.body -> 'messages')
                        WHEN 'array' THEN child.body -> 'messages'
                        ELSE '[]'
                    END
                ) = 1
        ) AS found
        WHERE
            api_requests.request_id = found.request_id
            AND found.parent_id IS NOT NULL;
        GET DIAGNOSTICS changed_rows = ROW_COUNT;
        PERFORM finish_backfill_batch('subtasks', batch, changed_rows);
        COMMIT;
    END LOOP;
    PERFORM finish_backfill('subtasks');
END
$procedure$;

-- datalayer: transaction=off
CALL backfill_task_invocations();

-- The calls with a certain prompt.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_requests_task_invocation
ON api_requests USING gin (task_tool_invocation jsonb_path_ops)
WHERE task_tool_invocation IS NOT NULL;

-- The sub-tasks of a request.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_requests_parent_task
ON api_requests (parent_task_request_id, timestamp, request_id)
WHERE parent_task_request_id IS NOT NULL;

-- How few requests have calls is new to the planner.
ANALYZE api_requests;

CALL backfill_subtasks();

DROP PROCEDURE IF EXISTS backfill_task_invocations;

DROP PROCEDURE IF EXISTS backfill_subtasks;

DROP FUNCTION IF EXISTS first_message_forms;
