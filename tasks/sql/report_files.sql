-- $1 day. Of several attempts at a file the last that did something counts.
select distinct on (source_file)
    load_id,
    source_file,
    source,
    status,
    raw_rows,
    rows_read,
    rows_loaded,
    rows_inserted,
    rows_updated,
    rows_unchanged,
    rows_rejected,
    rows_duplicate,
    rows_suspect,
    first_time,
    last_time,
    message,
    started_at,
    finished_at
from {quality}.quality_load_log
where business_date = $1
order by source_file asc, status = 'skipped' asc, started_at desc
