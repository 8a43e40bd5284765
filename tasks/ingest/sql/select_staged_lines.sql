-- Tables that share a header have the same cells of a line.
select distinct on (row_num)
    table_num,
    row_num,
    row_problem,
    payload
from {stage}.stage_raw_measurements
where load_id = :load_id and table_num = any(:tables::smallint[])
order by row_num, table_num
