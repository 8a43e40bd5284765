-- $1 day, $2 load, $3 reason, $4 meter: null for any.
select
    errors.reason,
    count(*) as row_errors,
    count(distinct (errors.load_id, errors.table_num, errors.row_num)) as rows,
    min(errors.message) as message
from {quality}.open_row_errors as errors
where
    ($1::date is null or errors.business_date = $1)
    and ($2::uuid is null or errors.load_id = $2)
    and ($3::text is null or errors.reason = $3)
    and ($4::text is null or errors.meter_code = $4)
group by errors.reason
order by row_errors desc, errors.reason
