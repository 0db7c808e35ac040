-- Sub-tasks belong to the conversation that called for them, as branches subtask_1,
-- subtask_2, … in the order of their beginnings. Older ones move there, in batches.
-- Safe to run again.
-- Locks: the batches lock the requests that they change.

-- The conversation at the top, which no call of another one began.
CREATE OR REPLACE FUNCTION top_conversation(wanted uuid) RETURNS uuid
LANGUAGE sql STABLE
AS $function$
    WITH RECURSIVE above (conversation_id, depth) AS (
        SELECT wanted, 0
        UNION
        SELECT caller.conversation_id, above.depth + 1
        FROM above
        CROSS JOIN LATERAL (
            SELECT beginning.parent_task_request_id
            FROM api_requests AS beginning
            WHERE beginning.conversation_id = above.conversation_id
            ORDER BY beginning.timestamp, beginning.request_id
            LIMIT 1
        ) AS beginning
        INNER JOIN api_requests AS caller
            ON beginning.parent_task_request_id = caller.request_id
        -- Times of clients can lie: two conversations may seem to have begun each other.
        WHERE caller.conversation_id IS NOT NULL AND above.depth < 100
    )
    SELECT conversation_id FROM above
    ORDER BY depth DESC, conversation_id
    LIMIT 1
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
        WHERE conversation_id = wanted AND branch_id LIKE 'subtask%'
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
    batch uuid[];
    beginning record;
    home uuid;
    homes uuid[];
    moved bigint;
    changed_rows bigint;
BEGIN
    LOOP
        batch := next_backfill_batch('subtask conversations', batch_size);
        EXIT WHEN batch IS NULL;
        changed_rows := 0;
        homes := '{}';
        FOR beginning IN
            SELECT
                request_id,
                conversation_id,
                parent_task_request_id
            FROM api_requests
            WHERE
                request_id = ANY (batch)
                AND parent_task_request_id IS NOT NULL
                AND conversation_id IS NOT NULL
            ORDER BY request_id
        LOOP
            home := top_conversation(beginning.conversation_id);
            CONTINUE WHEN home = beginning.conversation_id;
            homes := homes || home;
            -- All of it, its branches too: only the first one gets a new name.
            UPDATE api_requests
            SET
                conversation_id = home,
                branch_id = CASE branch_id
                    WHEN 'main' THEN 'subtask ' || beginning.request_id
                    ELSE branch_id
                END,
                is_subtask = TRUE,
                parent_task_request_id = coalesce(
                    parent_task_request_id, beginning.parent_task_request_id
                )
            WHERE conversation_id = beginning.conversation_id;
            GET DIAGNOSTICS moved = ROW_COUNT;
            changed_rows := changed_rows + moved;
        END LOOP;
        FOR home IN SELECT DISTINCT unnest(homes) LOOP
            PERFORM number_subtasks(home);
        END LOOP;
        PERFORM finish_backfill_batch('subtask conversations', batch, changed_rows);
        COMMIT;
    END LOOP;
    PERFORM finish_backfill('subtask conversations');
END
$procedure$;

CALL backfill_subtask_conversations();

DROP PROCEDURE IF EXISTS backfill_subtask_conversations;

DROP FUNCTION IF EXISTS number_subtasks;

DROP FUNCTION IF EXISTS top_conversation;
