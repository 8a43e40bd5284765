-- $1 loads, $2 as many as are worth naming, and one more. Null if stage no longer knows the loads.
select array_agg(id)
from (
    select distinct t.id
    from {stage}.stage_parsed_measurements as p
    join {core}.meters as t on p.meter_code = t.external_code
    where p.load_id = any($1::uuid[])
    limit $2
) as meters
