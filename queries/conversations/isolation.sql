-- name: list_isolated_tables()
-- record_class: IsolatedTable
-- Return each table that holds what belongs to trains, with the roles that are isolated
-- there. `is_on` is false while none is, and where the policy is gone.
-- @column isolated_roles not null
-- @column isolated_roles[] not null
SELECT
    relation::text AS relation,
    is_on,
    isolated_roles::text[] AS isolated_roles
FROM train_isolation_status()
ORDER BY relation;

-- name: enable_train_isolation(isolated_role)$
-- Let a role see and change rows of one train only, the one that `enter_train` names, and
-- return the names of all roles that are isolated.
-- @column isolated_roles not null
-- @column isolated_roles[] not null
SELECT enable_train_isolation(:isolated_role::text::name)::text[] AS isolated_roles;

-- name: disable_train_isolation(isolated_role)$
-- Take a role, or all of them, out of isolation, with its privileges, and return the names
-- of those that still are isolated.
-- @param isolated_role null
-- @column isolated_roles not null
-- @column isolated_roles[] not null
SELECT disable_train_isolation(:isolated_role::text::name)::text[] AS isolated_roles;

-- name: enter_train(train_id, isolated_role)$
-- Confine the transaction to a train, in a role if one is given; false when no policy
-- binds the role.
-- @param isolated_role null
-- @column is_confined not null
SELECT enter_train(:train_id, :isolated_role::text::name) AS is_confined;
