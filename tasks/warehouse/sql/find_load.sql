select
    load_id,
    source_file,
    checksum,
    business_date,
    status,
    requeue_of,
    raw_rows,
    rolled_back_at,
    first_time,
    last_time
from {quality}.quality_load_log
where load_id = :load_id
