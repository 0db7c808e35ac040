-- The data of `scripts/bench artifacts`: bench.bases bases, each with 49 patches that form
-- chains 20, 20 and 9 deep; each base but the first was compacted from the end of the first
-- chain of the base before, and says so in the column and, as it was once, in `meta`.

-- Row number to id, in the form and in the order of UUID version 7.
CREATE FUNCTION bench_id(number bigint) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT (
        lpad(to_hex(1700000000000 + number), 12, '0')
        || '7' || substr(md5(number::text), 1, 3)
        || '8' || substr(md5(number::text), 4, 15)
    )::uuid;
END;

-- The rules hold by construction; checking them row by row would take most of the time.
SET session_replication_role = replica;

INSERT INTO cas_blob (cas_id, media_type, size_bytes, content)
SELECT
    'sha256:' || encode(sha256(content.bytes), 'hex') AS cas_id,
    'application/json' AS media_type,
    octet_length(content.bytes) AS size_bytes,
    content.bytes AS content
FROM (SELECT convert_to('[]', 'UTF8') AS bytes) AS content;

INSERT INTO artifact (
    artifact_id,
    kind,
    cas_id,
    version_hash,
    base_version,
    parent_id,
    depth,
    op_count,
    compacted_from_id,
    meta,
    created_by,
    created_at
)
SELECT
    bench_id(row.number) AS artifact_id,
    CASE WHEN row.position = 0 THEN 'dag_version' ELSE 'patch_set' END AS kind,
    blob.cas_id,
    md5(row.number::text) AS version_hash,
    CASE WHEN row.position > 0 THEN bench_id(row.base) END AS base_version,
    CASE WHEN row.depth > 1 THEN bench_id(row.number - 1) END AS parent_id,
    row.depth,
    CASE WHEN row.position > 0 THEN 3 END AS op_count,
    row.compacted_from AS compacted_from_id,
    CASE
        WHEN row.compacted_from IS NULL THEN '{}'
        ELSE jsonb_build_object(
            'compacted_from', row.compacted_from,
            'compacted_at', now(),
            'original_depth', 20
        )
    END AS meta,
    'bench' AS created_by,
    now() - make_interval(secs => (50 * bases.count - row.number) / 1000.0) AS created_at
FROM (SELECT current_setting('bench.bases')::bigint AS count) AS bases
CROSS JOIN LATERAL generate_series(0, 50 * bases.count - 1) AS numbers (number)
CROSS JOIN LATERAL (
    SELECT
        numbers.number,
        numbers.number % 50 AS position,
        numbers.number - numbers.number % 50 AS base,
        CASE
            WHEN numbers.number % 50 = 0 THEN 0
            ELSE (numbers.number % 50 - 1) % 20 + 1
        END AS depth,
        CASE
            WHEN numbers.number % 50 = 0 AND numbers.number > 0
                THEN bench_id(numbers.number - 30)
        END AS compacted_from
) AS row
CROSS JOIN cas_blob AS blob
ORDER BY row.number;

-- The closure of the first chain's end: what the chain query reads.
INSERT INTO patch_chain_member (head_id, seq, member_id)
SELECT
    bench_id(50 * base.number + 20) AS head_id,
    member.seq,
    bench_id(50 * base.number + member.seq) AS member_id
FROM generate_series(0, current_setting('bench.bases')::bigint - 1) AS base (number)
CROSS JOIN generate_series(1, 20) AS member (seq)
ORDER BY base.number, member.seq;

SET session_replication_role = DEFAULT;
