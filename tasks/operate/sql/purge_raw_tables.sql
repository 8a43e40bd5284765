-- Tables whose raw rows have all been deleted.
delete from {stage}.raw_tables as emptied
where
    emptied.load_id = any(:load_ids::uuid[])
    and not exists (
        select from {stage}.raw_rows as rows
        where rows.load_id = emptied.load_id and rows.table_num = emptied.table_num
    )
