-- tables: objects with these columns.
insert into {stage}.raw_tables (load_id, table_num, source_file, sheet, columns)
select
    given.load_id,
    given.table_num,
    given.source_file,
    given.sheet,
    given.columns
from
    jsonb_to_recordset(:tables::jsonb) as given (
        load_id uuid, table_num smallint, source_file text, sheet text, columns text[]
    )
