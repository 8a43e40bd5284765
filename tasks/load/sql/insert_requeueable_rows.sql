-- The one place that says which rows can be loaded once more. Rows of a load that another requeue has staged and not
-- finished wait for it, as long as its run holds its claim key.
with

inserted as (

    insert into requeueable_rows (load_id, table_num, row_num)
    select
        rows.load_id,
        rows.table_num,
        rows.row_num
    from (
        select
            load_id,
            table_num,
            row_num
        from {quality}.waiting_rows
        where :reason::text = 'unmapped_code'
        union
        select
            load_id,
            table_num,
            row_num
        from {quality}.open_row_errors
        where reason = :reason and severity = 'rejected' and row_num > 0 and :reason <> 'unmapped_code'
    ) as rows
    inner join {quality}.effective_loads as loads on rows.load_id = loads.load_id
    where
        not exists (
            select
            from {quality}.loads_under_way as requeued
            where requeued.requeue_of = rows.load_id
        )
    returning 1

)

select count(*) from inserted
