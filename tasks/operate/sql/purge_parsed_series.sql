-- $1 loads. A series with a row whose error is kept is kept too: the row can still be loaded. Gives readings.
with

purged as (

    delete from {stage}.parsed_series as series
    where
        series.load_id = any($1::uuid[])
        and not exists (
            select from {quality}.quality_row_errors as errors
            where
                errors.load_id = any($1::uuid[])
                and errors.load_id = series.load_id
                and errors.table_num = series.table_num
                and errors.row_num = any(series.row_nums)
        )
    returning cardinality(series.row_nums) as readings

)

select coalesce(sum(readings), 0) from purged
