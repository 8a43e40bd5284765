-- $1 the role that they should belong to; NULL where they are no continuous aggregates.
select
    pg_get_userbyid(c.relowner) as owner,
    (select rolsuper from pg_roles where rolname = current_user)
    or has_schema_privilege($1, '_timescaledb_internal', 'create') as can_be_given
from pg_class as c
where c.oid = to_regclass('{features}.meter_hourly') and c.relkind = 'v'
