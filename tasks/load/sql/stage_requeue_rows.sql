insert into {stage}.raw_rows (load_id, table_num, row_num, row_problem, cells, payload)
select
    pairs.load_id,
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
inner join unnest(:load_ids::uuid[], :origins::uuid[]) as pairs (load_id, origin) on raw.load_id = pairs.origin
where raw.load_id = any(:origins::uuid[])
order by pairs.load_id, raw.table_num, raw.row_num
