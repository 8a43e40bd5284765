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
where meter_code = :meter_code and time = :time and metric::text = :metric
