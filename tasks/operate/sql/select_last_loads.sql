select
    started_at,
    business_date,
    source_file,
    status,
    rows_read,
    rows_loaded,
    rows_rejected,
    rows_duplicate,
    rows_suspect,
    message,
    load_id
from {quality}.quality_load_log
order by started_at desc
limit :loads
