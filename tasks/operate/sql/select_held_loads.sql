select
    finished_at,
    source_file,
    load_id,
    message
from {quality}.quality_load_log
where status = 'held'
order by finished_at
limit :max_loads
