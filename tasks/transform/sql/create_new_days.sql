-- The changed days of meters that are read by the hour, or less often, in one pass over their readings. since, until:
-- the window once more, so that other partitions are not read. The day is compared twice: as an equality for many
-- meters, as a range for the index of one.
create temporary table new_days as
select
    changed.since as bucket_start,
    m.meter_id,
    m.metric,
    round(sum(m.value) * 1e9::float8) / 1e9::float8 as value_sum,
    min(m.value) as value_min,
    max(m.value) as value_max,
    count(*) as readings,
    count(*) filter (where m.quality = 1) as suspect,
    bool_or(m.time <> (:hours::timestamptz[])[width_bucket(m.time, :hours)]) as is_off_the_hour
from changed_meter_days as changed
inner join {core}.measurements as m
    on
        changed.meter_id = m.meter_id
        and changed.day = width_bucket(m.time, :midnights::timestamptz[])
        and changed.since <= m.time
        and changed.until > m.time
where
    m.time >= :since and m.time < :until
    and changed.interval_minutes >= 60
group by changed.since, m.meter_id, m.metric
