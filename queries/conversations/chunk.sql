-- name: list_chunks(request_id, after_chunk_index, row_limit)
-- record_class: Chunk
-- Return a page of the chunks of a request in order; give the last row's
-- `chunk_index` for the next page, which is empty at the end.
-- @param after_chunk_index = -1
-- @param row_limit = 1000
SELECT
    chunk_index,
    timestamp,
    data,
    token_count
FROM streaming_chunks
WHERE
    request_id = :request_id
    AND chunk_index > :after_chunk_index
ORDER BY chunk_index
LIMIT :row_limit;

-- name: count_chunks(request_id)$
-- Return how many chunks of a request are stored; 0 for an unknown one.
SELECT count(*) AS chunks
FROM streaming_chunks
WHERE request_id = :request_id;

-- name: create_chunks(request_id, chunks)^
-- record_class: StoredChunks
-- Store the chunks of a request, an array of objects, except those whose index
-- is there already; return how many are new, and whether the request is known.
-- Without a time a chunk arrived now. They come as JSON, because psycopg
-- quotes arrays of texts slowly.
-- @param chunks not null
WITH known AS (
    SELECT request_id
    FROM api_requests
    WHERE request_id = :request_id
),

created AS (
    INSERT INTO streaming_chunks (
        request_id,
        chunk_index,
        timestamp,
        data,
        token_count
    )
    SELECT
        known.request_id,
        given.chunk_index,
        coalesce(given.timestamp, clock_timestamp()) AS timestamp,
        given.data,
        given.token_count
    FROM known
    CROSS JOIN
        json_to_recordset(:chunks::json)
            AS given (
                chunk_index integer,
                timestamp timestamptz,
                data text,
                token_count integer
            )
    ON CONFLICT (request_id, chunk_index) DO NOTHING
    RETURNING chunk_index
)

SELECT
    (SELECT count(*) FROM created) AS new_chunks,
    (SELECT count(*) FROM known) = 1 AS is_known;
