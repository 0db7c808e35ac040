-- Members of trains. Each train has an owner: the database sees to it when a transaction
-- ends, also when two take one away at the same time. Trains that are there already get
-- one to be replaced: todo@localhost.
-- Safe to run again.
-- Locks: SHARE ROW EXCLUSIVE on trains, for a moment.

CREATE TABLE IF NOT EXISTS train_members (
    id bigint GENERATED ALWAYS AS IDENTITY,
    train_id text NOT NULL,
    email text NOT NULL,
    role text NOT NULL DEFAULT 'member',
    added_by text NOT NULL,
    added_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT train_members_pkey PRIMARY KEY (id),
    CONSTRAINT train_members_train_id_fkey FOREIGN KEY (train_id)
    REFERENCES trains (train_id) ON UPDATE CASCADE ON DELETE CASCADE,
    CONSTRAINT train_members_role_known CHECK (role IN ('owner', 'member')),
    CONSTRAINT train_members_email_given CHECK (email <> '')
);
COMMENT ON TABLE train_members IS 'Who belongs to a train.';
CREATE UNIQUE INDEX IF NOT EXISTS train_members_train_id_email_key
ON train_members (train_id, lower(email));
CREATE INDEX IF NOT EXISTS idx_train_members_email
ON train_members (lower(email), train_id);

INSERT INTO train_members (train_id, email, role, added_by)
SELECT
    train_id,
    'todo@localhost' AS email,
    'owner' AS role,
    'system' AS added_by
FROM trains
WHERE
    NOT EXISTS (
        SELECT
        FROM train_members
        WHERE train_members.train_id = trains.train_id
    )
ORDER BY train_id;

-- The functions see every train, also for roles that row-level security keeps from some;
-- names mean the same whoever calls them, and nothing of a temporary schema counts.
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), FALSE);

-- Who takes an owner away writes the row of the train: a second one waits for the first
-- and then sees what it did, or cannot be serialised. A lock alone would let the second
-- go on with what its older snapshot shows.
CREATE OR REPLACE FUNCTION hold_train_of_owner() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
BEGIN
    UPDATE trains SET updated_at = clock_timestamp() WHERE train_id = old.train_id;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION check_train_has_owner() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
DECLARE
    wanted text := CASE WHEN tg_op = 'INSERT' THEN new.train_id ELSE old.train_id END;
BEGIN
    IF EXISTS (SELECT FROM trains WHERE train_id = wanted) AND NOT EXISTS (
        SELECT FROM train_members WHERE train_id = wanted AND role = 'owner'
    ) THEN
        RAISE EXCEPTION 'train "%" has no owner', wanted
        USING
            ERRCODE = 'check_violation',
            CONSTRAINT = 'trains_have_an_owner',
            TABLE = 'train_members',
            HINT = 'Make another member the owner in the same transaction.';
    END IF;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION check_trains_have_owners() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
BEGIN
    -- An older snapshot than that of a statement lacks what has come since.
    IF EXISTS (SELECT FROM trains) OR (
        current_setting('transaction_isolation') <> 'read committed'
        AND pg_relation_size('trains') > 0
    ) THEN
        RAISE EXCEPTION 'trains would be left without owners'
        USING
            ERRCODE = 'check_violation',
            CONSTRAINT = 'trains_have_an_owner',
            TABLE = 'train_members',
            HINT = 'Truncate trains in the same statement.';
    END IF;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE TRIGGER train_members_hold_train_of_deleted
AFTER DELETE ON train_members
FOR EACH ROW WHEN (old.role = 'owner')
EXECUTE FUNCTION hold_train_of_owner();

CREATE OR REPLACE TRIGGER train_members_hold_train_of_changed
AFTER UPDATE OF role, train_id ON train_members
FOR EACH ROW WHEN (
    old.role = 'owner' AND (new.role <> 'owner' OR new.train_id <> old.train_id)
)
EXECUTE FUNCTION hold_train_of_owner();

CREATE OR REPLACE TRIGGER train_members_leave_an_owner_truncated
AFTER TRUNCATE ON train_members
FOR EACH STATEMENT EXECUTE FUNCTION check_trains_have_owners();

-- OR REPLACE is not for constraint triggers.
DROP TRIGGER IF EXISTS train_members_leave_an_owner ON train_members;
CREATE CONSTRAINT TRIGGER train_members_leave_an_owner
AFTER UPDATE OR DELETE ON train_members
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (old.role = 'owner')
EXECUTE FUNCTION check_train_has_owner();

DROP TRIGGER IF EXISTS trains_have_an_owner ON trains;
CREATE CONSTRAINT TRIGGER trains_have_an_owner
AFTER INSERT ON trains
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION check_train_has_owner();
