-- $1 meter, $2 time, $3 metric.
select
    time,
    meter_code,
    metric::text as metric,
    value,
    quality,
    load_id,
    loaded_at,
    source_file,
    source,
    sheet,
    row_num,
    cell,
    payload::text as payload
from {quality}.reading_lineage
where meter_code = $1 and time = $2 and metric::text = $3
