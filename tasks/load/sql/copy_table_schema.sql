-- What a load has in common with the one whose rows it loads once more.
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

)

insert into {quality}.load_layouts (load_id, layout)
select
    :load_id,
    layout
from {quality}.load_layouts
where load_id = :origin
