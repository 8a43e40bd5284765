select row_num, payload
from {stage}.stage_raw_measurements
where load_id = $1 and table_num = $2
order by row_num
