"""What can be wrong with a history, and what the check says of it."""

from __future__ import annotations

#: What breaks a history of `worker`, what that is called, and what the message says.
BREAKAGES = {
    "undeclared column": (
        "ALTER TABLE worker ADD COLUMN zone text",
        "undeclared-column",
        "the column `zone` is not declared",
    ),
    "missing column": (
        "ALTER TABLE worker DROP COLUMN runtime",
        "missing-column",
        "the column `runtime` is declared, and gone",
    ),
    "missing trigger": (
        "DROP TRIGGER worker_history_trigger ON worker",
        "missing-trigger",
        "`worker` has no trigger `worker_history_trigger`",
    ),
    "disabled trigger": (
        "ALTER TABLE worker DISABLE TRIGGER worker_history_trigger",
        "disabled-trigger",
        "on `worker` is disabled",
    ),
    "trigger not always": (
        "ALTER TABLE worker ENABLE TRIGGER worker_history_trigger",
        "disabled-trigger",
        "on `worker` does not fire always",
    ),
    "trigger of a partition": (
        "ALTER TABLE execution_default DISABLE TRIGGER execution_history_trigger",
        "disabled-trigger",
        "on `execution_default` is disabled",
    ),
    "trigger on fewer events": (
        "DROP TRIGGER worker_history_trigger ON worker;"
        "CREATE TRIGGER worker_history_trigger AFTER INSERT OR UPDATE ON worker"
        " FOR EACH ROW EXECUTE FUNCTION record_worker_history();"
        "ALTER TABLE worker ENABLE ALWAYS TRIGGER worker_history_trigger",
        "altered-trigger",
        "`worker_history_trigger` on `worker` is not the one",
    ),
    "trigger with a condition": (
        "DROP TRIGGER worker_history_trigger ON worker;"
        "CREATE TRIGGER worker_history_trigger AFTER INSERT OR UPDATE OR DELETE"
        " ON worker FOR EACH ROW WHEN (pg_trigger_depth() = 1)"
        " EXECUTE FUNCTION record_worker_history();"
        "ALTER TABLE worker ENABLE ALWAYS TRIGGER worker_history_trigger",
        "altered-trigger",
        "`worker_history_trigger` on `worker` is not the one",
    ),
    "trigger that refuses nothing": (
        "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN RETURN new; END $$;"
        "DROP TRIGGER worker_history_refuse_key_change ON worker;"
        "CREATE TRIGGER worker_history_refuse_key_change BEFORE UPDATE ON worker"
        " FOR EACH ROW EXECUTE FUNCTION nothing();"
        "ALTER TABLE worker ENABLE ALWAYS TRIGGER worker_history_refuse_key_change",
        "altered-trigger",
        "`worker_history_refuse_key_change` on `worker` is not the one",
    ),
    "key may change": (
        "DROP TRIGGER worker_history_refuse_key_change ON worker",
        "missing-trigger",
        "by which the key stays",
    ),
    "truncate is allowed": (
        "DROP TRIGGER worker_history_refuse_truncate ON worker",
        "missing-trigger",
        "`worker` has no trigger `worker_history_refuse_truncate`",
    ),
    "partition may be truncated": (
        "CREATE TABLE execution_more PARTITION OF execution"
        " FOR VALUES FROM ('2001-01-01') TO ('2001-01-02')",
        "missing-trigger",
        "`execution_more` has no trigger `execution_history_refuse_truncate`",
    ),
    "history may be changed": (
        "DROP TRIGGER worker_history_append_only ON worker_history",
        "missing-trigger",
        "by which history is append-only",
    ),
    "earlier trigger": (
        "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN RETURN NULL; END $$;"
        "CREATE TRIGGER audit AFTER UPDATE ON worker"
        " FOR EACH ROW EXECUTE FUNCTION nothing()",
        "earlier-trigger",
        "the trigger `audit` fires before",
    ),
    "other function": (
        "CREATE OR REPLACE FUNCTION record_worker_history() RETURNS trigger"
        " LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT"
        " AS $$ BEGIN RETURN NULL; END $$;"
        "ALTER FUNCTION record_worker_history() SET search_path = public, pg_temp",
        "function-differs",
        "`record_worker_history()` is not what would be written",
    ),
    "type that is compared otherwise": (
        "ALTER TABLE worker ALTER COLUMN port TYPE numeric",
        "function-differs",
        "`record_worker_history()` is not what would be written",
    ),
    "rights of the caller": (
        "ALTER FUNCTION record_worker_history() SECURITY INVOKER",
        "function-settings",
        "is not SECURITY DEFINER",
    ),
    "open path": (
        "ALTER FUNCTION record_worker_history() RESET search_path",
        "function-settings",
        "has no search_path of its schema that ends in `pg_temp`",
    ),
    "session's time zone": (
        "ALTER FUNCTION record_execution_history() RESET timezone",
        "function-settings",
        "does not set timezone",
    ),
    "unreadable declaration": (
        "COMMENT ON FUNCTION record_worker_history() IS 'datalayer history of x'",
        "unreadable-declaration",
        "the comment of `record_worker_history()` is no declaration",
    ),
    "missing history": (
        "DROP TABLE worker_history CASCADE",
        "missing-table",
        "the table `worker_history` is gone",
    ),
    "role that may insert": (
        "GRANT INSERT ON worker_history TO history_reader",
        "can-forge",
        "the role `history_reader` can write `worker_history`",
    ),
    "role that may write one column": (
        "GRANT UPDATE (time) ON worker_history TO history_reader",
        "can-forge",
        "the role `history_reader` can write `worker_history`",
    ),
    "role that may write a partition": (
        "GRANT DELETE ON worker_history_default TO history_reader",
        "can-forge",
        "the role `history_reader` can write `worker_history_default`",
    ),
    "role that may take a right": (
        "GRANT INSERT ON worker_history TO history_group;"
        "GRANT history_group TO history_reader",
        "can-forge",
        "the role `history_reader` can write `worker_history`",
    ),
    "role that may set the sequence": (
        "GRANT UPDATE ON SEQUENCE worker_history_seq_seq TO history_reader",
        "can-forge",
        "can set the sequence `worker_history_seq_seq`",
    ),
    "role that may execute": (
        "GRANT EXECUTE ON FUNCTION record_worker_history() TO public",
        "can-forge",
        "can hang `record_worker_history()` on a table of its own",
    ),
    "role that owns": (
        "ALTER TABLE worker_history OWNER TO history_group;"
        "GRANT history_group TO history_reader",
        "can-forge",
        "owns `worker_history`, or can become its owner",
    ),
    "role that owns the function": (
        "ALTER FUNCTION record_worker_history() OWNER TO history_reader",
        "can-forge",
        "owns `record_worker_history()`, or can become its owner",
    ),
    "role that may create triggers": (
        "GRANT ALL ON worker TO history_reader",
        "can-forge",
        "can create triggers on `worker`",
    ),
    "role that may write everything": (
        "GRANT pg_write_all_data TO history_reader",
        "can-forge",
        "can write `execution_history`",
    ),
    "role that may write files": (
        "GRANT pg_write_server_files TO history_reader",
        "can-forge",
        "is in `pg_write_server_files`",
    ),
    "role that may become a superuser": (
        "GRANT postgres TO history_reader",
        "can-forge",
        "can become the superuser `postgres`",
    ),
    "role that may create functions": (
        "GRANT CREATE ON SCHEMA public TO history_reader",
        "can-forge",
        "in the schema `public` that take the place of others",
    ),
    "drift": (
        "ALTER TABLE worker DISABLE TRIGGER worker_history_trigger;"
        "UPDATE worker SET capabilities = '{\"a\": 1.00}', host = 'h' WHERE id = 7;"
        "ALTER TABLE worker ENABLE ALWAYS TRIGGER worker_history_trigger",
        "drift",
        "the row `id = 7` differs from its history in `capabilities`, `host`",
    ),
    "drift of a digest": (
        "ALTER TABLE execution DISABLE TRIGGER execution_history_trigger;"
        "UPDATE execution SET result = '{\"out\": 1}';"
        "ALTER TABLE execution ENABLE ALWAYS TRIGGER execution_history_trigger",
        "drift",
        "the row `id = 1` differs from its history in `result`",
    ),
    "drift from null of JSON to NULL": (
        "ALTER TABLE worker DISABLE TRIGGER worker_history_trigger;"
        "UPDATE worker SET meta = NULL WHERE id = 3;"
        "ALTER TABLE worker ENABLE ALWAYS TRIGGER worker_history_trigger",
        "drift",
        "the row `id = 3` differs from its history in `meta`",
    ),
    "deleted in history": (
        "DELETE FROM worker WHERE id = 5;"
        "ALTER TABLE worker DISABLE TRIGGER worker_history_trigger;"
        "INSERT INTO worker (id, name, worker_type, worker_role)"
        " VALUES (5, 'back', 'local', 'action');"
        "ALTER TABLE worker ENABLE ALWAYS TRIGGER worker_history_trigger",
        "drift",
        "the row `id = 5` is deleted in its history",
    ),
}
