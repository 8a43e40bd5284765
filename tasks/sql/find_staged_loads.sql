select load_id, source_file, raw_rows, layout
from {quality}.quality_load_log
where flow_run_id = $1 and status = 'running' and step = 'staged'
order by started_at, source_file
