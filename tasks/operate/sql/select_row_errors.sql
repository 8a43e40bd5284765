-- $1 day, $2 load, $3 reason, $4 meter: null for any; $5 how many.
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
    errors.message,
    errors.load_id,
    errors.payload::text as payload
from {quality}.open_row_errors as errors
where
    ($1::date is null or errors.business_date = $1)
    and ($2::uuid is null or errors.load_id = $2)
    and ($3::text is null or errors.reason = $3)
    and ($4::text is null or errors.meter_code = $4)
order by errors.business_date, errors.source_file, errors.sheet, errors.row_num, errors.cell
limit $5
