select
    source_file,
    checksum
from {quality}.quality_load_log
where load_id = any(:load_ids::uuid[])
order by source_file
