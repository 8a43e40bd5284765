insert into {stage}.raw_rows (load_id, table_num, row_num, row_problem, cells, payload)
select
    :load_id,
    raw.table_num,
    raw.row_num,
    raw.row_problem,
    raw.cells,
    raw.payload
from {stage}.raw_rows as raw
inner join requeueable_rows as rows
    on
        raw.load_id = rows.load_id
        and raw.table_num = rows.table_num
        and raw.row_num = rows.row_num
where raw.load_id = :origin
order by raw.table_num, raw.row_num
