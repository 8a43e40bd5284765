select
    reason,
    count(*) as row_errors,
    min(message) as message
from {quality}.quality_row_errors
group by reason
order by row_errors desc, reason asc
limit 10
