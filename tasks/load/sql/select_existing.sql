-- Every value has a fixed width.
select
    meter_id::bigint,
    time::timestamptz,
    case metric {metric_codes} else -1 end as metric,
    value::double precision,
    quality::smallint
from {core}.measurements
where
    meter_id = any(:meters::bigint[])
    and time between :first_time and :last_time
    and value is not null
    and quality is not null
limit :max_rows
