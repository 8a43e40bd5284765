-- A row is kept if its error is kept: it can still be loaded.
with

deleted as (

    delete from {stage}.raw_rows as staged
    where
        staged.load_id = any(:load_ids::uuid[])
        and not exists (
            select from {quality}.quality_row_errors as errors
            where
                errors.load_id = any(:load_ids::uuid[])
                and errors.load_id = staged.load_id
                and errors.table_num = staged.table_num
                and errors.row_num = staged.row_num
        )
    returning 1

)

select count(*) as raw_rows from deleted
