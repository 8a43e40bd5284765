-- For loads of rows that others, their origins, have staged.
insert into {stage}.raw_tables (load_id, table_num, source_file, sheet, columns)
select
    pairs.load_id,
    origin.table_num,
    origin.source_file,
    origin.sheet,
    origin.columns
from unnest(:load_ids::uuid[], :origins::uuid[]) as pairs (load_id, origin)
inner join {stage}.raw_tables as origin on pairs.origin = origin.load_id
