-- $1 loads. The source row stands beside each error, so that a person needs neither the file nor a join.
with

errors as (

    delete from row_errors_in returning *

)

insert into {quality}.quality_row_errors (
    load_id, source_file, sheet, row_num, column_name, metric, raw_value, reason, message, payload, cell,
    table_num, meter_code
)
select
    errors.load_id,
    errors.source_file,
    errors.sheet,
    errors.row_num,
    errors.column_name,
    errors.metric,
    coalesce(errors.raw_value, ltrim(raw.payload ->> errors.column_name, '␞')),
    errors.reason,
    errors.message,
    raw.payload,
    errors.cell,
    errors.table_num,
    errors.meter_code
from errors
left join {stage}.raw_tables as t on errors.load_id = t.load_id and errors.table_num = t.table_num
left join {stage}.raw_rows as r
    on
        r.load_id = any($1::uuid[])
        and errors.load_id = r.load_id
        and errors.row_num = r.row_num
        and errors.table_num = r.table_num
-- Offset 0: the JSON is made once an error, after the join, not for every raw row.
cross join lateral (
    select coalesce(r.payload, json_object(t.columns, string_to_array(r.cells, chr(31), ''))) as payload offset 0
) as raw
