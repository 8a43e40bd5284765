-- Readings whose value is to be decided on again. withdrawn_by: the load on whose account;
-- is_withdrawn: the value that stands there may not stay.
create temporary table if not exists unsettled on commit drop as
select
    m.time,
    m.meter_id,
    m.metric,
    m.value,
    m.quality,
    m.load_id,
    coalesce(m.updated_at, m.inserted_at, '-infinity') as since,
    null::uuid as withdrawn_by,
    true as is_withdrawn,
    false as is_elsewhere
from {core}.measurements as m
with no data
