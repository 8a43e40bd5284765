select
    load_id,
    source_file,
    checksum,
    rows_read - rows_rejected - rows_duplicate as readings,
    first_time,
    last_time
from {quality}.quality_load_log
where flow_run_id = $1 and status = 'running' and step = 'parsed'
order by started_at, source_file
