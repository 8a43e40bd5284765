-- $1 new load, $2 the load that is loaded once more.
insert into {stage}.stage_raw_measurements (load_id, source_file, sheet, row_num, payload, table_num)
select
    $1,
    source_file,
    sheet,
    row_num,
    payload,
    table_num
from {stage}.stage_raw_measurements
where load_id = $2
order by table_num, row_num
