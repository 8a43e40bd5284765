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
left join {stage}.stage_raw_measurements as raw
    on
        raw.load_id = any($1::uuid[])
        and errors.load_id = raw.load_id
        and errors.row_num = raw.row_num
        and errors.table_num = raw.table_num
