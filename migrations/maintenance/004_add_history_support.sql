-- What the history triggers of all tables share: refusals, values, closed tables.
-- Locks: creates functions only; nothing that exists is locked.

-- Functions keep this path: names mean the same whoever calls them, and nothing of a
-- temporary schema can take their place.
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), TRUE);

-- Trigger that refuses what it is called for. Its argument says why.
CREATE FUNCTION datalayer_refuse_change() RETURNS trigger
LANGUAGE plpgsql
AS $function$
BEGIN
    RAISE restrict_violation USING
        MESSAGE = format('%s on %s is refused: %s', tg_op, tg_table_name, tg_argv[0]),
        SCHEMA = tg_table_schema,
        TABLE = tg_table_name;
END
$function$;

-- What history keeps of a large value: enough to see that it changed, and to check it
-- against the live row. NULL for NULL.
CREATE FUNCTION _jsonb_digest_summary(value jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN jsonb_build_object(
    'digest', 'md5:' || md5(value::text),
    'size', octet_length(value::text),
    'type', jsonb_typeof(value)
);
COMMENT ON FUNCTION _jsonb_digest_summary(jsonb) IS
'For change detection, not for security.';

-- What history keeps of a small value. In old_values and new_values a NULL of SQL is null;
-- therefore the null of JSON, and what could be taken for it, goes into {"$json": …}.
CREATE FUNCTION _jsonb_history_value(value jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN jsonb_typeof(value) = 'null' OR value ? '$json'
        THEN jsonb_build_object('$json', value)
    ELSE value
END;

-- The value that was given to _jsonb_history_value.
CREATE FUNCTION _jsonb_history_original(recorded jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN jsonb_typeof(recorded) = 'object' AND recorded ? '$json'
        THEN recorded -> '$json'
    WHEN jsonb_typeof(recorded) = 'null' THEN NULL
    ELSE recorded
END;

-- Leave the writing of a history table, of its partitions and of its sequence to its
-- owner, whatever default privileges have granted; who could read still can.
CREATE FUNCTION datalayer_close_history(history regclass) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
DECLARE
    granted record;
BEGIN
    FOR granted IN
        SELECT DISTINCT
            closed.oid::regclass AS relation,
            closed.relkind = 'S' AS is_sequence,
            CASE privilege.grantee
                WHEN 0 THEN 'PUBLIC' ELSE privilege.grantee::regrole::text
            END AS grantee
        FROM pg_class AS closed, aclexplode(closed.relacl) AS privilege
        WHERE privilege.grantee <> closed.relowner
            AND (
                closed.oid = history
                OR closed.oid IN (
                    SELECT pg_inherits.inhrelid FROM pg_inherits
                    WHERE pg_inherits.inhparent = history
                )
                OR closed.oid
                = pg_get_serial_sequence(history::text, 'seq')::regclass
            )
    LOOP
        IF granted.is_sequence THEN
            EXECUTE format(
                'REVOKE ALL ON SEQUENCE %s FROM %s', granted.relation, granted.grantee
            );
        ELSE
            EXECUTE format(
                'REVOKE INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER '
                'ON TABLE %s FROM %s',
                granted.relation, granted.grantee
            );
        END IF;
    END LOOP;
END
$function$;
