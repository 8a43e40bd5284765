-- $1 meters, $2, $3 first and last time, $4 names of metrics, $5 at most so many. Every value has a fixed width.
select
    meter_id::bigint,
    time::timestamptz,
    coalesce(array_position($4::text[], metric::text), 0) as metric,
    value::double precision,
    quality::smallint
from {core}.measurements
where
    meter_id = any($1::bigint[])
    and time between $2 and $3
    and value is not null
    and quality is not null
limit $5
