-- name: maintain_step(batch)^
-- record_class: MaintenanceStep
-- Do the next piece of work that is due, of at most `batch` partitions or hours, and
-- say what it was and how many; nothing when all is done.
-- @param batch = 168
-- @column task not null
-- @column relation not null
-- @column amount not null
SELECT
    task,
    relation,
    amount
FROM datalayer_maintain_step(:batch)
ORDER BY task
LIMIT 1;

-- name: list_policies()
-- record_class: MaintenancePolicy
-- Return the jobs of TimescaleDB that look after the tables of this schema, in the
-- order to run them; nothing without the extension.
-- @column job_id not null
-- @column task not null
-- @column relation not null
SELECT
    job_id,
    task,
    relation
FROM datalayer_list_policies()
ORDER BY place;
