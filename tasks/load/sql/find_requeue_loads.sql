select distinct
    log.load_id,
    log.business_date
from requeue_rows as rows
join {quality}.quality_load_log as log on rows.load_id = log.load_id
order by log.load_id
