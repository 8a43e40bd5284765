select
    row_num,
    row_problem,
    payload
from {stage}.stage_raw_measurements
where load_id = :load_id and table_num = :table_num
order by row_num
