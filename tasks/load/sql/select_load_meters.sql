-- Null if stage no longer has the loads.
select array_agg(meter_id)
from (
    select distinct meter_id
    from {stage}.parsed_series
    where load_id = any(:load_ids::uuid[]) and meter_id is not null
    limit :max_meters
) as meters
