-- Readings that a load has just brought from stage, on days that a newer version of its file (origin) replaces.
insert into unsettled (time, meter_id, metric, value, quality, load_id, withdrawn_by, is_withdrawn)
select
    m.time,
    m.meter_id,
    m.metric,
    m.value,
    m.quality,
    m.load_id,
    m.load_id, -- noqa: AL08
    true
from {core}.measurements as m
where
    m.load_id = :load_id
    and m.time between :first_time and :last_time
    and exists (
        select
        from {quality}.replaced_days(array[:origin::uuid], :zone) as replaced
        where
            replaced.meter_id = m.meter_id
            and replaced.metric = m.metric::text
            and replaced.local_date = (m.time at time zone :zone)::date
    )
