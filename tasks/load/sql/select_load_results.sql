select
    load_id,
    source_file,
    status,
    rows_inserted,
    rows_updated,
    rows_removed,
    rows_unchanged,
    rows_rejected,
    message
from {quality}.quality_load_log
where flow_run_id = :flow_run_id
order by source_file, started_at
