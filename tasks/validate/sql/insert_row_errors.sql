-- The source row is kept beside each error: whoever looks into it needs neither the file nor a join.
insert into {quality}.quality_row_errors (
    load_id, source_file, sheet, row_num, column_name, metric, raw_value, reason, severity, message, payload, cell,
    table_num, meter_code
)
select
    errors.load_id,
    errors.source_file,
    errors.sheet,
    errors.row_num,
    errors.column_name,
    errors.metric,
    case
        when errors.raw_value is not null then errors.raw_value
        when errors.column_name is not null then raw.payload ->> errors.column_name
        else (
            select string_agg(cells.value, '; ')
            from json_each_text(raw.payload) as cells
            where cells.value <> ''
        )
    end,
    errors.reason,
    errors.severity,
    errors.message,
    raw.payload,
    errors.cell,
    errors.table_num,
    errors.meter_code
from row_errors_in as errors
inner join {stage}.raw_tables as t on errors.load_id = t.load_id and errors.table_num = t.table_num
-- Offset 0: the JSON is made once.
cross join lateral ( -- noqa: ST05
    select coalesce(errors.payload, json_object(t.columns, string_to_array(errors.cells, :separator, ''))) as payload
    offset 0 -- noqa: PRS
) as raw
