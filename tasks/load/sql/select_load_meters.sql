-- $1 loads, $2 as many as are worth naming, and one more. Null if stage no longer knows the loads.
select array_agg(meter_id)
from (
    select distinct meter_id
    from {stage}.parsed_series
    where load_id = any($1::uuid[]) and meter_id is not null
    limit $2
) as meters
