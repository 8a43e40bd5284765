-- Also dbt's views on them, which its next build makes again; the features themselves stay.
do $$
declare
    is_continuous constant boolean := (
        select relkind = 'v' from pg_class where oid = '{features}.meter_daily'::regclass
    );
    item record;
begin
    drop view if exists {features}_staging.stg_features__meter_hourly, {features}_staging.stg_features__meter_daily;
    for item in
        select
            format('{features}.%I', c.relname) as name,
            case
                when c.relkind = 'm' or (is_continuous and c.relname <> 'meter_last_reading') then 'materialized view'
                when c.relkind = 'v' then 'view'
                else 'table'
            end as kind
        from unnest(array['meter_last_reading', 'meter_daily', 'meter_hourly']) with ordinality as own (name, position)
        join pg_class as c on own.name = c.relname and c.relnamespace = '{features}'::regnamespace
        order by own.position
    loop
        execute format('drop %s %s', item.kind, item.name);
    end loop;
    drop table if exists {features}_staging.meter_hour_sums;
end
$$
