-- meters: null if there are too many to name.
select
    min(time) as first_time,
    max(time) as last_time,
    case when count(distinct meter_id) <= :max_meters then array_agg(distinct meter_id) end as meters
from unsettled
