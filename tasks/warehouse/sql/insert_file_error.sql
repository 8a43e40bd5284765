insert into {quality}.quality_row_errors (
    load_id, source_file, sheet, row_num, column_name, raw_value, reason, severity, message
)
select
    load_id,
    source_file,
    :sheet::text,
    :row_num::integer,
    :column_name::text,
    :raw_value::text,
    :reason::text,
    :severity::text,
    :message::text
from {quality}.quality_load_log
where load_id = :load_id
