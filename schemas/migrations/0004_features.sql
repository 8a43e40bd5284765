create materialized view {features}.meter_last_reading as
select
    t.id as meter_id,
    t.external_code as meter_code,
    last_reading.time as last_time
from {core}.meters as t
left join lateral (
    select m.time
    from {core}.measurements as m
    where m.meter_id = t.id
    order by m.time desc
    limit 1
) as last_reading on true;

comment on materialized view {features}.meter_last_reading is
'The last reading of each meter (NULL: none yet), to see at once which meters have gone silent.';

create unique index on {features}.meter_last_reading (meter_id);

-- Sums and counts, not averages, so that a sum over buckets stays right.
do $$
begin
    if exists (select from pg_extension where extname = 'timescaledb')
        and current_setting('timescaledb.license', true) = 'timescale'
    then
        execute $ddl$
            create materialized view {features}.meter_hourly
            with (timescaledb.continuous) as
            select
                time_bucket(interval '1 hour', time) as hour_start,
                meter_id,
                metric,
                sum(value) as value_sum,
                min(value) as value_min,
                max(value) as value_max,
                count(*) as readings
            from {core}.measurements
            group by 1, 2, 3
            with no data
        $ddl$;
    end if;
end
$$;
