with

tables as (

    insert into {stage}.raw_tables (load_id, table_num, source_file, sheet, columns)
    select
        :load_id,
        table_num,
        source_file,
        sheet,
        columns
    from {stage}.raw_tables
    where load_id = :origin

),

staged as (

    insert into {stage}.raw_rows (load_id, table_num, row_num, row_problem, cells, payload)
    select
        :load_id,
        table_num,
        row_num,
        row_problem,
        cells,
        payload
    from {stage}.raw_rows
    where load_id = :origin
    order by table_num, row_num
    returning 1

)

select count(*) from staged
