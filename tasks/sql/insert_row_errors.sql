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
left join (
    select
        t.columns,
        r.*
    from {stage}.raw_tables as t
    join {stage}.raw_rows as r on t.load_id = r.load_id and t.table_num = r.table_num
    where t.load_id = any($1::uuid[]) and r.load_id = any($1::uuid[])
) as source
    on
        errors.load_id = source.load_id
        and errors.row_num = source.row_num
        and errors.table_num = source.table_num
-- Offset 0: the JSON is made once an error, after the join, not for every raw row.
cross join lateral (
    select coalesce(source.payload, json_object(source.columns, string_to_array(source.cells, chr(31), ''))) as payload
    offset 0
) as raw
