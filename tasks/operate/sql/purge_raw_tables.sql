-- $1 loads whose raw rows have been purged.
delete from {stage}.raw_tables as emptied
where
    emptied.load_id = any($1::uuid[])
    and not exists (
        select from {stage}.raw_rows as rows
        where rows.load_id = emptied.load_id and rows.table_num = emptied.table_num
    )
