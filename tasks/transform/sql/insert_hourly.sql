-- since, until: the window once more, so that other partitions are not read. The day is compared twice: as an equality
-- for many meters, as a range for the index of one.
insert into {features}.meter_hourly (
    bucket_start, meter_id, metric, value_sum, value_min, value_max, readings, suspect
)
select
    date_trunc('hour', m.time, :zone) as bucket_start,
    m.meter_id,
    m.metric::text as metric,
    sum(m.value) as value_sum,
    min(m.value) as value_min,
    max(m.value) as value_max,
    count(*) as readings,
    count(*) filter (where m.quality = 1) as suspect
from changed_meter_days as changed
inner join {core}.measurements as m
    on
        changed.meter_id = m.meter_id
        and changed.local_date = (m.time at time zone :zone)::date
        and changed.since <= m.time
        and changed.until > m.time
where m.time >= :since and m.time < :until
group by date_trunc('hour', m.time, :zone), m.meter_id, m.metric
order by m.meter_id, date_trunc('hour', m.time, :zone), m.metric
