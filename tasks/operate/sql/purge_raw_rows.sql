-- $1 loads. Rows with an error that is kept are kept too: they can still be loaded.
delete from {stage}.raw_rows as staged
where
    staged.load_id = any($1::uuid[])
    and not exists (
        select from {quality}.quality_row_errors as errors
        where
            errors.load_id = any($1::uuid[])
            and errors.load_id = staged.load_id
            and errors.table_num = staged.table_num
            and errors.row_num = staged.row_num
    )
