select
    load_id,
    table_num,
    row_num,
    row_problem,
    payload
from {stage}.stage_raw_measurements
where load_id = any(:load_ids::uuid[])
order by load_id, table_num, row_num
