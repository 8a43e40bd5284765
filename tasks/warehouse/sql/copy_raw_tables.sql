-- For a load of rows that another one, the origin, has staged.
insert into {stage}.raw_tables (load_id, table_num, source_file, sheet, columns)
select
    :load_id,
    table_num,
    source_file,
    sheet,
    columns
from {stage}.raw_tables
where load_id = :origin
