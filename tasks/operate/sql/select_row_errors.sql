-- A filter that is null takes every row.
select
    errors.business_date,
    errors.source_file,
    errors.sheet,
    errors.row_num,
    errors.cell,
    errors.column_name,
    errors.metric,
    errors.meter_code,
    errors.raw_value,
    errors.reason,
    errors.severity,
    errors.message,
    errors.load_id,
    errors.payload::text as payload
from {quality}.open_row_errors as errors
where
    (:day::date is null or errors.business_date = :day)
    and (:load_id::uuid is null or errors.load_id = :load_id)
    and (:source::text is null or errors.source = :source)
    and (:severity::text is null or errors.severity = :severity)
    and (:reason::text is null or errors.reason = :reason)
    and (:meter_code::text is null or errors.meter_code = :meter_code)
order by errors.business_date, errors.source_file, errors.sheet, errors.row_num, errors.cell
limit :max_rows
