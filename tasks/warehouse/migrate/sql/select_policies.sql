-- Only where TimescaleDB is installed.
select
    proc_name,
    coalesce(config ->> 'compress_after', config ->> 'drop_after')::interval::text as after
from timescaledb_information.jobs
where
    hypertable_schema = '{core}'
    and hypertable_name = 'measurements'
    and proc_name in ('policy_compression', 'policy_retention')
