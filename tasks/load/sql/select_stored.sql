-- $1 meters, $2, $3 first and last time, $4 at most so many. Every value has a fixed width.
select
    meter_id::bigint,
    time::timestamptz,
    case metric {metric_codes} else -1 end as metric,
    value::double precision,
    quality::smallint
from {core}.measurements
where
    meter_id = any($1::bigint[])
    and time between $2 and $3
    and value is not null
    and quality is not null
limit $4
