-- $1 new load, $2 the load that it goes on with.
insert into {stage}.stage_raw_measurements (load_id, source_file, sheet, row_num, payload, table_num)
select
    $1,
    raw.source_file,
    raw.sheet,
    raw.row_num,
    raw.payload,
    raw.table_num
from {stage}.stage_raw_measurements as raw
join requeue_rows as rows
    on
        raw.load_id = rows.load_id
        and raw.table_num = rows.table_num
        and raw.row_num = rows.row_num
where raw.load_id = $2
order by raw.table_num, raw.row_num
