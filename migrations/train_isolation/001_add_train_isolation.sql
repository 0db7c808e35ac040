-- datalayer: requires=conversations
-- Row-level security by train, for the roles that enable_train_isolation() is called
-- with. Until then nothing changes for anybody.
-- Locks: creates functions only; nothing that exists is locked.

-- Functions keep this path: names mean the same whoever calls them, and nothing of a
-- temporary schema can take their place.
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), TRUE);

-- The train of the transaction; NULL, which equals none, when it has none. Outside of a
-- transaction that set it, the setting is empty, or was never there. It has no path of
-- its own, so that it dissolves in the policies and indexes serve them.
CREATE FUNCTION datalayer_train() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('datalayer.train', TRUE), '');

-- Where the view lies that takes the place of hourly_stats, which has no policies.
CREATE FUNCTION train_isolation_schema() RETURNS name
LANGUAGE sql STABLE
SET search_path FROM CURRENT
RETURN left(current_schema(), 57) || '_train';

-- Whether a request would be put into a conversation, or below a request, of another
-- train. Policies cannot see those. One request tells, since no conversation has two.
CREATE FUNCTION refers_to_other_train(conversation uuid, parents uuid[])
RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
    SELECT
        coalesce(
            (
                SELECT api_requests.train_id IS DISTINCT FROM datalayer_train()
                FROM api_requests
                WHERE api_requests.conversation_id = conversation
                LIMIT 1
            ),
            FALSE
        )
        OR EXISTS (
            SELECT
            FROM api_requests
            WHERE
                api_requests.request_id = ANY (parents)
                AND api_requests.train_id IS DISTINCT FROM datalayer_train()
        );
$function$;

-- The tables that hold what belongs to a train: what an isolated role may do, which rows
-- it sees, and which it may write where that is not the same. A scalar subquery looks up
-- one request for each row; of EXISTS the planner might hash all requests of the train.
CREATE FUNCTION train_isolation_rules()
RETURNS TABLE (relation name, privileges text, visible text, writable text)
LANGUAGE sql IMMUTABLE
AS $function$
    SELECT
        rule.relation,
        rule.privileges,
        rule.visible,
        coalesce(rule.writable, rule.visible)
    FROM (
        VALUES
        (
            'api_requests',
            'SELECT, INSERT, UPDATE, DELETE',
            'train_id = datalayer_train()',
            'train_id = datalayer_train() AND NOT refers_to_other_train('
            'conversation_id, ARRAY[parent_request_id, parent_task_request_id])'
        ),
        (
            'streaming_chunks',
            'SELECT, INSERT, UPDATE, DELETE',
            '(SELECT request.train_id FROM api_requests AS request'
            ' WHERE request.request_id = streaming_chunks.request_id)'
            ' = datalayer_train()',
            NULL
        ),
        (
            'conversation_analyses',
            'SELECT, INSERT, UPDATE, DELETE',
            'train_id = datalayer_train()',
            'train_id = datalayer_train()'
            ' AND NOT refers_to_other_train(conversation_id, ''{}'')'
        ),
        (
            'analysis_audit_log',
            'SELECT, INSERT',
            'train_id = datalayer_train()',
            NULL
        ),
        ('trains', 'SELECT, UPDATE', 'train_id = datalayer_train()', NULL),
        (
            'train_members',
            'SELECT, INSERT, UPDATE, DELETE',
            'train_id = datalayer_train()',
            NULL
        ),
        (
            'train_api_keys',
            'SELECT, INSERT, UPDATE, DELETE',
            'train_id = datalayer_train()',
            NULL
        ),
        -- Who could link accounts would link those of others.
        ('train_accounts', 'SELECT', 'train_id = datalayer_train()', NULL),
        (
            'anthropic_credentials',
            'SELECT, UPDATE (access_token, refresh_token, expires_at)',
            'EXISTS (SELECT FROM train_accounts AS link'
            ' WHERE link.credential_id = anthropic_credentials.id'
            ' AND link.train_id = datalayer_train())',
            NULL
        ),
        ('train_default_accounts', 'SELECT', 'train_id = datalayer_train()', NULL)
    ) AS rule (relation, privileges, visible, writable);
$function$;

-- What an isolated role must not read at all: it tells of all trains, and policies do not
-- reach it or have no train to go by.
CREATE FUNCTION train_isolation_closed() RETURNS SETOF name
LANGUAGE sql IMMUTABLE
AS $function$
    SELECT closed.relation
    FROM (
        VALUES
        ('backfill_progress'),
        ('conversation_imports'),
        ('hourly_stats')
    ) AS closed (relation)
$function$;

-- Which roles are isolated.
CREATE FUNCTION train_isolation_roles() RETURNS name[]
LANGUAGE sql STABLE
SET search_path FROM CURRENT
AS $function$
    SELECT coalesce(array_agg(DISTINCT role.rolname ORDER BY role.rolname), '{}')
    FROM pg_policy
    INNER JOIN pg_roles AS role ON role.oid = ANY (pg_policy.polroles)
    WHERE
        pg_policy.polname = 'train_isolation'
        AND pg_policy.polrelid = to_regclass('api_requests');
$function$;

-- Each table of a train, with the roles that are isolated there. `is_on` is false while
-- nobody is, and where somebody has taken away what enable_train_isolation() made.
CREATE FUNCTION train_isolation_status()
RETURNS TABLE (relation name, is_on boolean, isolated_roles name[])
LANGUAGE sql STABLE
SET search_path FROM CURRENT
AS $function$
    SELECT
        rule.relation,
        coalesce(
            pg_class.relrowsecurity
            AND policy.polqual IS NOT NULL
            AND NOT policy.polpermissive,
            FALSE
        ),
        ARRAY(
            SELECT role.rolname
            FROM pg_roles AS role
            WHERE role.oid = ANY (policy.polroles)
            ORDER BY role.rolname
        )
    FROM train_isolation_rules() AS rule
    LEFT JOIN pg_class ON pg_class.oid = to_regclass(quote_ident(rule.relation))
    LEFT JOIN pg_policy AS policy
        ON policy.polrelid = pg_class.oid AND policy.polname = 'train_isolation'
    ORDER BY rule.relation;
$function$;

CREATE FUNCTION refuse_train_isolation(reason text, remedy text) RETURNS void
LANGUAGE plpgsql
AS $function$
BEGIN
    RAISE EXCEPTION '%', reason
    USING ERRCODE = 'object_not_in_prerequisite_state', HINT = remedy;
END
$function$;

-- Refuses roles that policies do not bind, or that could become such a role.
CREATE FUNCTION check_isolated_role(isolated_role name) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
DECLARE
    stronger name;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = isolated_role) THEN
        RAISE EXCEPTION 'role "%" does not exist', isolated_role
        USING ERRCODE = 'undefined_object';
    END IF;
    SELECT role.rolname INTO stronger
    FROM pg_roles AS role
    WHERE
        pg_has_role(isolated_role, role.oid, 'MEMBER')
        AND (
            role.rolsuper
            OR role.rolbypassrls
            OR role.rolname IN (
                'pg_read_server_files',
                'pg_write_server_files',
                'pg_execute_server_program'
            )
            OR role.oid IN (
                SELECT pg_class.relowner
                FROM train_isolation_rules() AS rule
                INNER JOIN pg_class
                    ON pg_class.oid = to_regclass(quote_ident(rule.relation))
            )
        )
    ORDER BY role.rolname = isolated_role DESC, role.rolname
    LIMIT 1;
    IF stronger IS NOT NULL THEN
        PERFORM refuse_train_isolation(
            format('policies do not bind role "%s"', isolated_role)
            || CASE
                WHEN stronger = isolated_role THEN ''
                ELSE format(', which can become "%s"', stronger)
            END,
            'Name a role that is no superuser, owns no table, has no BYPASSRLS and is '
            'no member of one that is or has.'
        );
    END IF;
END
$function$;

-- Refuses what would still get around the policies, granted to everybody or through
-- another role.
CREATE FUNCTION check_isolated_privileges(isolated_role name) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
DECLARE
    found record;
BEGIN
    SELECT relation, privilege INTO found
    FROM (
        SELECT
            rule.relation,
            privilege
        FROM train_isolation_rules() AS rule
        CROSS JOIN unnest(ARRAY['TRUNCATE', 'REFERENCES', 'TRIGGER']) AS privilege
        UNION ALL
        SELECT
            closed AS relation,
            privilege
        FROM train_isolation_closed() AS closed
        CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege
    ) AS unwanted
    WHERE
        to_regclass(quote_ident(relation)) IS NOT NULL
        AND has_table_privilege(isolated_role, quote_ident(relation), privilege)
    ORDER BY relation, privilege
    LIMIT 1;
    IF found.relation IS NOT NULL THEN
        PERFORM refuse_train_isolation(
            format(
                'role "%s" has %s on %s, where policies do not reach',
                isolated_role, found.privilege, found.relation
            ),
            format(
                'Revoke it from PUBLIC, or from the role through which "%s" has it.',
                isolated_role
            )
        );
    END IF;
END
$function$;

-- Refuses a schema of somebody else: what it holds comes before the tables.
CREATE FUNCTION check_train_isolation_schema() RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
BEGIN
    IF EXISTS (
        SELECT FROM pg_namespace
        WHERE
            nspname = train_isolation_schema()
            AND NOT pg_has_role(
                nspowner,
                (SELECT relowner FROM pg_class WHERE oid = to_regclass('api_requests')),
                'MEMBER'
            )
    ) THEN
        PERFORM refuse_train_isolation(
            format('schema "%s" is of somebody else', train_isolation_schema()),
            'Drop it, or give it to the owner of the tables.'
        );
    END IF;
END
$function$;

-- Isolates a role on one table, beside those that are. For everybody else nothing
-- changes: what policies restrict has to be permitted first.
CREATE FUNCTION isolate_table(
    isolated name, wanted_roles name[], visible text, writable text
) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
DECLARE
    role_list text;
BEGIN
    IF EXISTS (
        SELECT FROM pg_policy
        WHERE
            polrelid = to_regclass(quote_ident(isolated))
            AND polname NOT IN ('train_isolation', 'train_isolation_permits')
    ) THEN
        PERFORM refuse_train_isolation(
            format('table "%s" has policies of its own', isolated),
            'Those would no longer restrict anybody: drop them first.'
        );
    END IF;
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', isolated);
    EXECUTE format('DROP POLICY IF EXISTS train_isolation ON %I', isolated);
    EXECUTE format('DROP POLICY IF EXISTS train_isolation_permits ON %I', isolated);
    EXECUTE format('CREATE POLICY train_isolation_permits ON %I USING (TRUE)', isolated);
    SELECT string_agg(quote_ident(wanted), ', ' ORDER BY wanted) INTO role_list
    FROM unnest(wanted_roles) AS wanted;
    EXECUTE format(
        'CREATE POLICY train_isolation ON %I AS RESTRICTIVE TO %s '
        'USING (%s) WITH CHECK (%s)',
        isolated, role_list, visible, writable
    );
END
$function$;

-- From now on a role sees and changes only rows of the train that enter_train() named in
-- its transaction. It gets the privileges that it needs, and loses any others on these
-- tables. Takes ACCESS EXCLUSIVE on them, for a moment. Returns who is isolated.
CREATE FUNCTION enable_train_isolation(isolated_role name) RETURNS name[]
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
DECLARE
    wanted_roles name[] := train_isolation_roles() || isolated_role;
    rule record;
    closed name;
BEGIN
    PERFORM check_isolated_role(isolated_role);
    FOR rule IN SELECT * FROM train_isolation_rules() LOOP
        PERFORM isolate_table(
            rule.relation,
            ARRAY(SELECT DISTINCT unnest(wanted_roles)),
            rule.visible,
            rule.writable
        );
        EXECUTE format('REVOKE ALL ON %I FROM %I', rule.relation, isolated_role);
        EXECUTE format(
            'GRANT %s ON %I TO %I', rule.privileges, rule.relation, isolated_role
        );
    END LOOP;
    FOR closed IN SELECT * FROM train_isolation_closed() LOOP
        IF to_regclass(quote_ident(closed)) IS NOT NULL THEN
            EXECUTE format('REVOKE ALL ON %I FROM %I', closed, isolated_role);
        END IF;
    END LOOP;
    PERFORM check_isolated_privileges(isolated_role);
    PERFORM check_train_isolation_schema();
    EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', train_isolation_schema());
    EXECUTE format(
        'CREATE OR REPLACE VIEW %I.hourly_stats WITH (security_barrier) AS '
        'SELECT * FROM hourly_stats WHERE train_id = datalayer_train()',
        train_isolation_schema()
    );
    EXECUTE format(
        'GRANT USAGE ON SCHEMA %I, %I TO %I',
        current_schema(), train_isolation_schema(), isolated_role
    );
    EXECUTE format(
        'GRANT SELECT ON %I.hourly_stats TO %I', train_isolation_schema(), isolated_role
    );
    RETURN train_isolation_roles();
END
$function$;

-- Takes a role, or all of them, out of isolation, together with every privilege that it
-- has on these tables: without policies it would see all trains. After the last one
-- nothing is left of the isolation. Takes ACCESS EXCLUSIVE on the tables, for a moment.
-- Returns who still is isolated.
CREATE FUNCTION disable_train_isolation(isolated_role name DEFAULT NULL) RETURNS name[]
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
DECLARE
    leaving name[] := train_isolation_roles();
    staying name[] := '{}';
    one name;
    rule record;
BEGIN
    IF isolated_role IS NOT NULL THEN
        IF isolated_role <> ALL (leaving) THEN
            PERFORM refuse_train_isolation(
                format('role "%s" is not isolated', isolated_role),
                'train_isolation_roles() lists those that are.'
            );
        END IF;
        staying := array_remove(leaving, isolated_role);
        leaving := ARRAY[isolated_role];
    END IF;
    FOR rule IN SELECT * FROM train_isolation_rules() LOOP
        FOREACH one IN ARRAY leaving LOOP
            EXECUTE format('REVOKE ALL ON %I FROM %I', rule.relation, one);
        END LOOP;
        IF staying = '{}' THEN
            EXECUTE format('DROP POLICY IF EXISTS train_isolation ON %I', rule.relation);
            EXECUTE format(
                'DROP POLICY IF EXISTS train_isolation_permits ON %I', rule.relation
            );
            EXECUTE format('ALTER TABLE %I DISABLE ROW LEVEL SECURITY', rule.relation);
        ELSE
            PERFORM isolate_table(rule.relation, staying, rule.visible, rule.writable);
        END IF;
    END LOOP;
    IF staying = '{}' THEN
        EXECUTE format('DROP VIEW IF EXISTS %I.hourly_stats', train_isolation_schema());
        EXECUTE format('DROP SCHEMA IF EXISTS %I', train_isolation_schema());
    ELSE
        FOREACH one IN ARRAY leaving LOOP
            EXECUTE format(
                'REVOKE ALL ON %I.hourly_stats FROM %I', train_isolation_schema(), one
            );
            EXECUTE format(
                'REVOKE ALL ON SCHEMA %I FROM %I', train_isolation_schema(), one
            );
        END LOOP;
    END IF;
    RETURN train_isolation_roles();
END
$function$;

-- Confines the transaction to a train, in a role if one is given, until it ends. False
-- when no policy binds the role: then nothing is confined.
CREATE FUNCTION enter_train(wanted text, isolated_role name DEFAULT NULL)
RETURNS boolean
LANGUAGE plpgsql
AS $function$
BEGIN
    IF isolated_role IS NOT NULL THEN
        PERFORM set_config('role', isolated_role, TRUE);
    END IF;
    PERFORM
        set_config('datalayer.train', wanted, TRUE),
        set_config(
            'search_path',
            format('%I, %s', train_isolation_schema(), current_setting('search_path')),
            TRUE
        );
    RETURN row_security_active('api_requests') AND EXISTS (
        SELECT FROM unnest(train_isolation_roles()) AS role
        WHERE pg_has_role(role, 'USAGE')
    );
END
$function$;
