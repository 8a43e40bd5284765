insert into {stage}.raw_rows (load_id, table_num, row_num, row_problem, cells, payload)
select
    :load_id,
    table_num,
    row_num,
    row_problem,
    cells,
    payload
from {stage}.raw_rows
where load_id = :origin
order by table_num, row_num
