-- Sub-tasks belong to the conversation that called for them, as branches subtask_1,
-- subtask_2, … in the order of their beginnings. Older ones move there, in batches.
-- Safe to run again.
-- Locks: the batches lock the requests that they change.

-- The request that called for a conversation; NULL when it is no sub-task. What moved
-- into a conversation is on other branches, and does not count.
CREATE OR REPLACE FUNCTION conversation_caller(wanted uuid) RETURNS uuid
LANGUAGE sql STABLE
AS $function$
    SELECT parent_task_request_id FROM api_requests
    WHERE conversation_id = wanted AND branch_id = 'main'
    ORDER BY timestamp, parent_task_request_id IS NULL, request_id
    LIMIT 1
$function$;

-- The conversation at the top, which no call of another one began.
CREATE OR REPLACE FUNCTION top_conversation(wanted uuid) RETURNS uuid
LANGUAGE plpgsql STABLE
AS $function$
DECLARE
    reached uuid := wanted;
    passed uuid[] := '{}';
    above uuid;
BEGIN
    LOOP
        passed := passed || reached;
        SELECT conversation_id INTO above
        FROM api_requests WHERE request_id = conversation_caller(reached);
        EXIT WHEN above IS NULL;
        reached := above;
        -- Times of clients can lie: two conversations may seem to have begun each other.
        EXIT WHEN reached = ANY (passed);
    END LOOP;
    RETURN reached;
END
$function$;

-- Move a conversation into another one. Its main branch and its sub-tasks get names that
-- only number_subtasks sees; other branches keep theirs, or get the next that is free.
-- Return how many requests moved.
CREATE OR REPLACE FUNCTION move_conversation(
    wanted uuid, home uuid, caller uuid
) RETURNS bigint
LANGUAGE plpgsql
AS $function$
DECLARE
    old_name text;
    new_name text;
    attempts integer;
    moved bigint;
    total bigint := 0;
BEGIN
    FOR old_name IN
        SELECT DISTINCT branch_id FROM api_requests
        WHERE conversation_id = wanted ORDER BY branch_id
    LOOP
        attempts := 1;
        new_name := old_name;
        IF old_name = 'main' OR old_name ~ '^subtask[ _]' THEN
            new_name := format('subtask %s %s', wanted, old_name);
        END IF;
        WHILE EXISTS (
            SELECT FROM api_requests
            WHERE
                branch_id = new_name
                AND (
                    conversation_id = home
                    OR (conversation_id = wanted AND new_name <> old_name)
                )
        ) LOOP
            attempts := attempts + 1;
            new_name := format('%s_%s', old_name, attempts);
        END LOOP;
        UPDATE api_requests
        SET
            conversation_id = home,
            branch_id = new_name,
            is_subtask = TRUE,
            parent_task_request_id = coalesce(parent_task_request_id, caller)
        WHERE conversation_id = wanted AND branch_id = old_name;
        GET DIAGNOSTICS moved = ROW_COUNT;
        total := total + moved;
    END LOOP;
    RETURN total;
END
$function$;

-- Name the branches of a conversation that sub-tasks begin. Return how many requests
-- got another name.
CREATE OR REPLACE FUNCTION number_subtasks(wanted uuid) RETURNS bigint
LANGUAGE plpgsql
AS $function$
DECLARE
    renamed bigint;
BEGIN
    UPDATE api_requests
    SET branch_id = numbered.branch_id
    FROM (
        SELECT
            branch_id AS old_branch_id,
            'subtask_' || row_number() OVER (
                ORDER BY
                    min(timestamp),
                    -- There is no min(uuid) before PostgreSQL 18.
                    (array_agg(request_id ORDER BY timestamp, request_id))[1]
            ) AS branch_id
        FROM api_requests
        WHERE conversation_id = wanted AND branch_id ~ '^subtask[ _]'
        GROUP BY branch_id
    ) AS numbered
    WHERE
        api_requests.conversation_id = wanted
        AND api_requests.branch_id = numbered.old_branch_id
        AND numbered.branch_id <> numbered.old_branch_id;
    GET DIAGNOSTICS renamed = ROW_COUNT;
    RETURN renamed;
END
$function$;

CREATE OR REPLACE PROCEDURE backfill_subtask_conversations(
    batch_size integer DEFAULT 2000
)
LANGUAGE plpgsql
AS $procedure$
DECLARE
    called_at timestamptz := clock_timestamp();
    batch uuid[];
    wanted uuid;
    home uuid;
    homes uuid[];
    changed_rows bigint;
BEGIN
    LOOP
        batch := next_backfill_batch('subtask conversations', batch_size, called_at);
        EXIT WHEN batch IS NULL;
        changed_rows := 0;
        homes := '{}';
        FOR wanted IN
            SELECT DISTINCT conversation_id FROM api_requests
            WHERE
                request_id = ANY (batch)
                AND parent_task_request_id IS NOT NULL
                AND conversation_id IS NOT NULL
            ORDER BY conversation_id
        LOOP
            home := top_conversation(wanted);
            homes := homes || home;
            IF home <> wanted THEN
                changed_rows := changed_rows + move_conversation(
                    wanted, home, conversation_caller(wanted)
                );
            END IF;
        END LOOP;
        FOR home IN SELECT DISTINCT unnest(homes) ORDER BY 1 LOOP
            changed_rows := changed_rows + number_subtasks(home);
        END LOOP;
        PERFORM finish_backfill_batch('subtask conversations', batch, changed_rows);
        COMMIT;
    END LOOP;
    PERFORM finish_backfill('subtask conversations');
END
$procedure$;

-- datalayer: transaction=off
CALL backfill_subtask_conversations();

DROP PROCEDURE IF EXISTS backfill_subtask_conversations;

DROP FUNCTION IF EXISTS number_subtasks;

DROP FUNCTION IF EXISTS move_conversation;

DROP FUNCTION IF EXISTS top_conversation;

DROP FUNCTION IF EXISTS conversation_caller;
