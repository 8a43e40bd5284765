-- Readings that a load which has waited has just brought: a newer version of its file may stand in their place.
insert into unsettled (time, meter_id, metric, value, quality, load_id, since, withdrawn_by, is_withdrawn)
select
    m.time,
    m.meter_id,
    m.metric,
    m.value,
    m.quality,
    m.load_id,
    coalesce(m.updated_at, m.inserted_at, '-infinity'),
    m.load_id, -- noqa: AL08
    true
from {core}.measurements as m
where m.load_id = :load_id and m.time between :first_time and :last_time
