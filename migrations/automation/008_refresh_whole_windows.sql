-- TimescaleDB refreshes hours in batches by default, and loses one when rows come late
-- for several hours at once, such as five and seven hours ago (seen in 2.23): the hour
-- that is lost stays wrong until rows come late for it again. One batch loses nothing.
-- Locks: the rows of the six jobs; without TimescaleDB nothing.
DO $$
BEGIN
    IF to_regclass('timescaledb_information.jobs') IS NULL THEN
        RETURN;
    END IF;
    PERFORM alter_job(job.job_id, config => job.config || '{"buckets_per_batch": 0}')
    FROM timescaledb_information.jobs AS job
    WHERE
        job.proc_name = 'policy_refresh_continuous_aggregate'
        AND EXISTS (
            SELECT
            FROM timescaledb_information.continuous_aggregates AS aggregate
            WHERE
                aggregate.view_schema = current_schema
                AND aggregate.view_name IN (
                    'enforcement_volume_hourly',
                    'event_volume_hourly',
                    'execution_status_hourly',
                    'execution_throughput_hourly',
                    'execution_volume_hourly',
                    'worker_status_hourly'
                )
                AND job.hypertable_name IN (
                    aggregate.view_name, aggregate.materialization_hypertable_name
                )
        );
END
$$;
