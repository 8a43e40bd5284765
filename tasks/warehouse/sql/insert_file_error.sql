-- errors: objects with these columns.
insert into {quality}.quality_row_errors (
    load_id, source_file, sheet, row_num, column_name, raw_value, reason, severity, message
)
select
    log.load_id,
    log.source_file,
    given.sheet,
    given.row_num,
    given.column_name,
    given.raw_value,
    given.reason,
    given.severity,
    given.message
from
    jsonb_to_recordset(:errors::jsonb) as given (
        load_id uuid, sheet text, row_num integer, column_name text, raw_value text, reason text, severity text,
        message text
    )
inner join {quality}.quality_load_log as log on given.load_id = log.load_id
