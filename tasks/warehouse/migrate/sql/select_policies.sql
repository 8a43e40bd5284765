-- Only where TimescaleDB is there: $1 schema of core.
select
    proc_name,
    coalesce(config ->> 'compress_after', config ->> 'drop_after')::interval::text as after
from timescaledb_information.jobs
where
    hypertable_schema = $1
    and hypertable_name = 'measurements'
    and proc_name in ('policy_compression', 'policy_retention')
