-- A series is kept if one of its rows has an error that is kept: such a row can still be loaded; and as long as it
-- says on which days a version of a file stands in the place of older ones. Counts readings.
with

deleted as (

    delete from {stage}.parsed_series as series
    where
        series.load_id = any(:load_ids::uuid[])
        and not exists (
            select from {quality}.quality_row_errors as errors
            where
                errors.load_id = any(:load_ids::uuid[])
                and errors.load_id = series.load_id
                and errors.table_num = series.table_num
                and errors.row_num = any(series.row_nums)
        )
        and not exists (
            select from {quality}.effective_loads as loads
            where loads.load_id = series.load_id and loads.replaces_days
        )
    returning cardinality(series.row_nums) as readings

)

select coalesce(sum(readings), 0)::bigint as parsed_rows from deleted
