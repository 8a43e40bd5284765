-- $1 new load, $2 the load that is loaded once more.
insert into {stage}.raw_rows (load_id, table_num, row_num, cells, payload)
select
    $1,
    table_num,
    row_num,
    cells,
    payload
from {stage}.raw_rows
where load_id = $2
order by table_num, row_num
