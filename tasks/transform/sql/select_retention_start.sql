-- Only where TimescaleDB is there: $1 schema of core, $2 zone. The first local day that retention cannot have
-- dropped a part of; NULL: everything is kept.
select max((now() - (config ->> 'drop_after')::interval) at time zone $2)::date + 1
from timescaledb_information.jobs
where hypertable_schema = $1 and hypertable_name = 'measurements' and proc_name = 'policy_retention'
