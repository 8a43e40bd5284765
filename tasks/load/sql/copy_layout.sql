-- $1 new load, $2 the load whose rows it takes: what they have in common.
with

tables as (

    insert into {stage}.raw_tables (load_id, table_num, source_file, sheet, columns)
    select
        $1,
        table_num,
        source_file,
        sheet,
        columns
    from {stage}.raw_tables
    where load_id = $2

)

insert into {quality}.load_layouts (load_id, layout)
select $1, layout
from {quality}.load_layouts
where load_id = $2
