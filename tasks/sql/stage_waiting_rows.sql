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
join {quality}.waiting_rows as waiting
    on
        raw.load_id = waiting.load_id
        and raw.row_num = waiting.row_num
        and raw.sheet is not distinct from waiting.sheet
where raw.load_id = $2
order by raw.row_num
