"""What a database and its sessions are given before programs run."""

from __future__ import annotations

from history_language import Settings

#: What sessions are set to between programs.
PLAIN = Settings(
    (
        ("session_replication_role", "origin"),
        ("timezone", "'UTC'"),
        ("datestyle", "'ISO, MDY'"),
        ("intervalstyle", "'postgres'"),
        ("search_path", "public"),
        ("standard_conforming_strings", "on"),
        ("transform_null_equals", "off"),
        ("extra_float_digits", "1"),
        ("client_min_messages", "error"),
    ),
    as_writer=False,
)

#: A role that may write the tables, and things that are called like ours.
PREPARATION = """
DO $do$BEGIN
    CREATE ROLE history_writer;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END$do$;
GRANT SELECT, INSERT, UPDATE, DELETE
ON public.execution, public.worker TO history_writer;
CREATE SCHEMA decoy;
GRANT USAGE ON SCHEMA decoy TO history_writer;
CREATE TABLE decoy.execution (LIKE public.execution);
CREATE TABLE decoy.worker (LIKE public.worker);
CREATE TABLE decoy.execution_history (
    LIKE public.execution_history INCLUDING DEFAULTS INCLUDING IDENTITY
);
CREATE TABLE decoy.worker_history (
    LIKE public.worker_history INCLUDING DEFAULTS INCLUDING IDENTITY
);
CREATE FUNCTION decoy._jsonb_digest_summary(jsonb) RETURNS jsonb
LANGUAGE sql AS $$ SELECT '{"decoy": true}'::jsonb $$;
CREATE FUNCTION decoy._jsonb_history_value(jsonb) RETURNS jsonb
LANGUAGE sql AS $$ SELECT '{"decoy": true}'::jsonb $$;
CREATE FUNCTION decoy.jsonb_build_object(text, bigint) RETURNS jsonb
LANGUAGE sql AS $$ SELECT '{"decoy": true}'::jsonb $$;
CREATE FUNCTION decoy.appended(text[], text) RETURNS text[]
LANGUAGE sql AS $$ SELECT '{decoy}'::text[] $$;
CREATE OPERATOR decoy.|| (
    FUNCTION = decoy.appended, LEFTARG = text[], RIGHTARG = text
);
"""
#: The same for each session: what is temporary comes before everything else.
SESSION_PREPARATION = """
CREATE TEMP TABLE execution_history (
    LIKE public.execution_history INCLUDING DEFAULTS INCLUDING IDENTITY
);
CREATE TEMP TABLE worker_history (
    LIKE public.worker_history INCLUDING DEFAULTS INCLUDING IDENTITY
);
GRANT ALL ON pg_temp.execution_history, pg_temp.worker_history TO history_writer;
"""

#: What moves rows of each kind of server and changes none.
TIDY = {
    "native": "SELECT * FROM public.datalayer_maintain()",
    "timescaledb": """
SELECT public.compress_chunk(chunk, if_not_compressed => TRUE)
FROM (
    SELECT public.show_chunks('public.execution') AS chunk
    UNION ALL SELECT public.show_chunks('public.execution_history')
    UNION ALL SELECT public.show_chunks('public.worker_history')
) AS every
""",
    # Where bigint is passed by reference, an UPDATE by id misses compressed rows.
    "webassembly": """
SELECT public.compress_chunk(chunk, if_not_compressed => TRUE)
FROM (
    SELECT public.show_chunks('public.execution_history') AS chunk
    UNION ALL SELECT public.show_chunks('public.worker_history')
) AS every
""",
}
