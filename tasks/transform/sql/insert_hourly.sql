-- since, until: the window once more, so that other partitions are not read. The day is compared twice: as an equality
-- for many meters, as a range for the index of one.
insert into {features}.meter_hourly (
    bucket_start, meter_id, metric, value_sum, value_min, value_max, readings, suspect
)
select
    date_trunc('hour', m.time, :zone) as bucket_start,
    m.meter_id,
    m.metric,
    sum(m.value),
    min(m.value),
    max(m.value),
    count(*),
    count(*) filter (where m.quality = 1)
from changed_meter_days as changed
join {core}.measurements as m
    on
        changed.meter_id = m.meter_id
        and changed.local_date = (m.time at time zone :zone)::date
        and m.time >= changed.since
        and m.time < changed.until
where m.time >= :since and m.time < :until
group by 1, 2, 3
order by 2, 1, 3
