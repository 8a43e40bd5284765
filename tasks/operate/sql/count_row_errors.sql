-- A filter that is null takes every row.
select
    errors.reason,
    errors.severity,
    count(*) as row_errors,
    count(distinct (errors.load_id, errors.table_num, errors.row_num)) as rows, -- noqa: ST08, LT01, LT06
    min(errors.message) as message
from {quality}.open_row_errors as errors
where
    (:day::date is null or errors.business_date = :day)
    and (:load_id::uuid is null or errors.load_id = :load_id)
    and (:source::text is null or errors.source = :source)
    and (:severity::text is null or errors.severity = :severity)
    and (:reason::text is null or errors.reason = :reason)
    and (:meter_code::text is null or errors.meter_code = :meter_code)
group by errors.reason, errors.severity
order by row_errors desc, errors.reason asc
