-- name: list_samples()
-- record_class: Sample
-- Return all samples by id.
SELECT
    id,
    a_bool,
    a_bytea,
    a_char,
    a_cidr,
    a_citext,
    a_composite,
    a_date,
    a_daterange,
    a_domain,
    a_float4,
    a_float8,
    a_inet,
    a_int2,
    a_int4range,
    a_int8,
    a_int8multirange,
    a_interval,
    a_macaddr,
    a_money,
    a_numeric,
    a_oid,
    a_regclass,
    a_time,
    a_timestamp,
    a_timestamptz,
    a_timetz,
    a_tsmultirange,
    a_tsrange,
    a_tsvector,
    a_uuid,
    a_varchar,
    bytes,
    citexts,
    composites,
    dates,
    domains,
    floats,
    inets,
    numbers,
    numerics,
    ranges,
    texts,
    times,
    uuids
FROM sample
ORDER BY id;

-- name: create_sample(id, a_bool, a_bytea, a_char, a_cidr, a_citext, a_composite, a_date, a_daterange, a_domain, a_float4, a_float8, a_inet, a_int2, a_int4range, a_int8, a_int8multirange, a_interval, a_macaddr, a_money, a_numeric, a_oid, a_regclass, a_time, a_timestamp, a_timestamptz, a_timetz, a_tsmultirange, a_tsrange, a_tsvector, a_uuid, a_varchar, bytes, citexts, composites, dates, domains, floats, inets, numbers, numerics, ranges, texts, times, uuids)!
-- Create a sample.
INSERT INTO sample (
    id,
    a_bool,
    a_bytea,
    a_char,
    a_cidr,
    a_citext,
    a_composite,
    a_date,
    a_daterange,
    a_domain,
    a_float4,
    a_float8,
    a_inet,
    a_int2,
    a_int4range,
    a_int8,
    a_int8multirange,
    a_interval,
    a_macaddr,
    a_money,
    a_numeric,
    a_oid,
    a_regclass,
    a_time,
    a_timestamp,
    a_timestamptz,
    a_timetz,
    a_tsmultirange,
    a_tsrange,
    a_tsvector,
    a_uuid,
    a_varchar,
    bytes,
    citexts,
    composites,
    dates,
    domains,
    floats,
    inets,
    numbers,
    numerics,
    ranges,
    texts,
    times,
    uuids
)
VALUES (
    :id,
    :a_bool,
    :a_bytea,
    :a_char,
    :a_cidr,
    :a_citext,
    :a_composite,
    :a_date,
    :a_daterange,
    :a_domain,
    :a_float4,
    :a_float8,
    :a_inet,
    :a_int2,
    :a_int4range,
    :a_int8,
    :a_int8multirange,
    :a_interval,
    :a_macaddr,
    :a_money,
    :a_numeric,
    :a_oid,
    :a_regclass,
    :a_time,
    :a_timestamp,
    :a_timestamptz,
    :a_timetz,
    :a_tsmultirange,
    :a_tsrange,
    :a_tsvector,
    :a_uuid,
    :a_varchar,
    :bytes,
    :citexts,
    :composites,
    :dates,
    :domains,
    :floats,
    :inets,
    :numbers,
    :numerics,
    :ranges,
    :texts,
    :times,
    :uuids
);

-- name: find_samples(ids, texts, since)
-- Return the ids of some samples.
-- @param since null
SELECT id
FROM sample
WHERE id = ANY (:ids) AND a_varchar = ANY (:texts) AND a_timestamptz > :since
ORDER BY id;

-- name: get_uuids(id)$
-- Return the uuids of a sample.
SELECT uuids FROM sample WHERE id = :id;

-- name: get_record(id)$
-- Return a part of a sample as a record.
SELECT row(id, a_bool) AS part FROM sample WHERE id = :id;

-- name: sleep(seconds)$
-- Wait, and return nothing of interest.
SELECT pg_sleep(:seconds) AS slept;
