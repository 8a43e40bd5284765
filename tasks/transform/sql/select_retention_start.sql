-- Only where TimescaleDB is installed. The first local day of which retention cannot have dropped readings; null:
-- everything is kept.
select max((now() - (config ->> 'drop_after')::interval) at time zone :zone)::date + 1
from timescaledb_information.jobs
where hypertable_schema = '{core}' and hypertable_name = 'measurements' and proc_name = 'policy_retention'
