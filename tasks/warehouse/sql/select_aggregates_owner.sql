-- dbt: the role that the aggregates should belong to. No row where they are not continuous aggregates.
select
    pg_get_userbyid(c.relowner) as owner,
    (
        select r.rolsuper
        from pg_roles as r
        where r.rolname = current_user
    )
    or has_schema_privilege(:dbt, '_timescaledb_internal', 'create') as can_be_given
from pg_class as c
where c.oid = to_regclass('{features}.meter_daily') and c.relkind = 'v'
