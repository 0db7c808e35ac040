-- The requests of conversations from one number to another, in the order of time. Each
-- twelve of a conversation with tasks: five, one whose answer calls for two sub-tasks, two
-- of the one, two of the other, two more.
CREATE FUNCTION bench_add_requests(lowest bigint, highest bigint) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO api_requests (
        request_id,
        timestamp,
        train_id,
        method,
        path,
        headers,
        body,
        request_type,
        api_key_hash,
        model,
        ip_address,
        response_status,
        response_headers,
        response_body,
        response_streaming,
        duration_ms,
        first_token_ms,
        input_tokens,
        output_tokens,
        cache_creation_input_tokens,
        cache_read_input_tokens,
        usage_data,
        tool_call_count,
        error,
        completed_at,
        created_at,
        current_message_hash,
        parent_message_hash,
        system_hash,
        conversation_id,
        branch_id,
        message_count,
        parent_task_request_id,
        parent_request_id,
        is_subtask,
        task_tool_invocation,
        account_id
    )
    SELECT
        bench_request_id(number, place) AS request_id,
        moment AS timestamp,
        bench_train_id(train) AS train_id,
        'POST' AS method,
        '/v1/messages' AS path,
        jsonb_build_object(
            'content-type', 'application/json',
            'user-agent', 'client/1.' || number % 30,
            'authorization', '…' || substr(md5(train::text), 1, 6)
        ) AS headers,
        jsonb_build_object(
            'model', model,
            'max_tokens', 4096,
            'system', 'You are assistant ' || number % 5 || ' of team ' || train || '.',
            'messages', jsonb_build_array(
                jsonb_build_object(
                    'role', 'user',
                    'content', CASE
                        WHEN is_first_of_task
                            THEN 'Find out about ' || number || ' ' || place
                        ELSE 'Question ' || place || ' of ' || number
                            || ': what does ' || md5(chance::text) || ' mean?'
                    END
                )
            )
        ) AS body,
        CASE WHEN chance < 0.03 THEN 'query_evaluation' ELSE 'inference' END
            AS request_type,
        encode(sha256(convert_to(train || ' ' || number % 3, 'UTF8')), 'hex')
            AS api_key_hash,
        model,
        '10.0.0.0'::inet + train * 256 + number % 250 AS ip_address,
        CASE
            WHEN chance < 0.005 THEN NULL
            WHEN chance < 0.015 THEN 429
            WHEN chance < 0.02 THEN 500
            ELSE 200
        END AS response_status,
        CASE
            WHEN chance >= 0.005
                THEN jsonb_build_object(
                    'request-id', 'req_' || substr(md5(moment::text), 1, 20)
                )
        END AS response_headers,
        CASE
            WHEN chance >= 0.02
                THEN jsonb_build_object(
                    'id', 'msg_' || substr(md5(number || ' ' || place), 1, 20),
                    'type', 'message',
                    'role', 'assistant',
                    'model', model,
                    'content', jsonb_build_array(
                        jsonb_build_object(
                            'type', 'text',
                            'text', 'Answer ' || place || ' of ' || number || ': it is '
                            || md5((chance + 1)::text)
                        )
                    ),
                    'stop_reason', 'end_turn',
                    'usage', jsonb_build_object(
                        'input_tokens', 4 + (chance * 3000)::integer,
                        'output_tokens', 10 + (chance * 900)::integer
                    )
                )
        END AS response_body,
        chance < 0.8 AS response_streaming,
        CASE WHEN chance >= 0.005 THEN 400 + (chance * 20000)::integer END AS duration_ms,
        CASE WHEN chance BETWEEN 0.02 AND 0.8 THEN 200 + (chance * 900)::integer END
            AS first_token_ms,
        CASE WHEN chance >= 0.02 THEN 4 + (chance * 3000)::integer ELSE 0 END
            AS input_tokens,
        CASE WHEN chance >= 0.02 THEN 10 + (chance * 900)::integer ELSE 0 END
            AS output_tokens,
        (chance * 500)::integer AS cache_creation_input_tokens,
        place * 100 AS cache_read_input_tokens,
        CASE
            WHEN chance >= 0.02
                THEN jsonb_build_object(
                    'input_tokens', 4 + (chance * 3000)::integer,
                    'output_tokens', 10 + (chance * 900)::integer,
                    'service_tier', 'standard'
                )
        END AS usage_data,
        CASE
            WHEN has_tasks AND step = 5 THEN 2 ELSE (chance * 3)::integer
        END AS tool_call_count,
        CASE
            WHEN chance BETWEEN 0.005 AND 0.015 THEN 'rate_limit_error'
            WHEN chance BETWEEN 0.015 AND 0.02 THEN 'api_error'
        END AS error,
        CASE WHEN chance >= 0.005 THEN moment + interval '9 seconds' END AS completed_at,
        moment AS created_at,
        bench_message_hash(number, place) AS current_message_hash,
        CASE WHEN place <> compacts_at OR compacts_at IS NULL
            THEN bench_message_hash(number, parent_place)
        END AS parent_message_hash,
        encode(
            sha256(convert_to('system ' || number % 5 || ' ' || train, 'UTF8')), 'hex'
        ) AS system_hash,
        bench_conversation_id(number) AS conversation_id,
        CASE
            WHEN is_task THEN 'subtask_' || 2 * (place / 12) + step / 8 + 1
            WHEN place >= compacts_at
                THEN 'compact_' || to_char(starts, 'YYYYMMDDHH24MISS') || '000000'
            WHEN place >= branches_at
                THEN 'branch_' || to_char(starts, 'YYYYMMDDHH24MISS') || '000000'
            ELSE 'main'
        END AS branch_id,
        CASE
            WHEN is_task THEN 1 + 2 * (step % 2)
            WHEN place >= compacts_at THEN 1 + 2 * (place - compacts_at)
            WHEN place >= branches_at THEN 3 + 2 * (place - branches_at + branches_from)
            ELSE 1 + 2 * place
        END AS message_count,
        CASE
            WHEN is_first_of_task
                THEN bench_request_id(number, place - step + 5)
        END AS parent_task_request_id,
        bench_request_id(number, parent_place) AS parent_request_id,
        is_task AS is_subtask,
        CASE
            WHEN has_tasks AND step = 5
                THEN jsonb_build_array(
                    jsonb_build_object(
                        'id', 'toolu_' || substr(md5('a' || number || place), 1, 20),
                        'name', 'Task',
                        'input', jsonb_build_object(
                            'prompt', 'Find out about ' || number || ' ' || place + 1
                        )
                    ),
                    jsonb_build_object(
                        'id', 'toolu_' || substr(md5('b' || number || place), 1, 20),
                        'name', 'Task',
                        'input', jsonb_build_object(
                            'prompt', 'Find out about ' || number || ' ' || place + 3
                        )
                    )
                )
        END AS task_tool_invocation,
        CASE
            WHEN bench_chance(number, 8) < 0.98
                THEN 'account-' || (train + (bench_chance(number, 9) * 3)::integer) % 20
        END AS account_id
    FROM (
        SELECT
            placed.*,
            CASE
                WHEN placed.place = 0 OR placed.is_first_of_task THEN NULL
                WHEN placed.place = placed.branches_at THEN placed.branches_from
                WHEN placed.has_tasks AND placed.step = 10 THEN placed.place - 5
                ELSE placed.place - 1
            END AS parent_place
        FROM (
            SELECT
                conversation.number,
                conversation.train,
                conversation.starts,
                conversation.has_tasks,
                conversation.branches_at,
                conversation.branches_from,
                conversation.compacts_at,
                places.place,
                places.place % 12 AS step,
                conversation.has_tasks AND places.place % 12 BETWEEN 6 AND 9 AS is_task,
                conversation.has_tasks AND places.place % 12 IN (6, 8)
                    AS is_first_of_task,
                (
                    ARRAY[
                        'claude-opus-4-1', 'claude-sonnet-4-5', 'claude-sonnet-4-5',
                        'claude-sonnet-4-5', 'claude-haiku-4-5', 'gpt-5'
                    ]
                )[1 + floor(6 * bench_chance(conversation.number, 7))::integer] AS model,
                conversation.starts + conversation.pace * (
                    places.place
                    + 0.9 * bench_chance(conversation.number, 100 + places.place)
                ) AS moment,
                bench_chance(conversation.number, 1000 + places.place) AS chance
            FROM bench_conversation AS conversation
            CROSS JOIN LATERAL generate_series(0, conversation.size - 1) AS places (place)
            WHERE conversation.number BETWEEN lowest AND highest
        ) AS placed
    ) AS related
    ORDER BY moment;
END;
