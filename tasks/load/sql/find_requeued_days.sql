select business_date
from {quality}.quality_load_log
where flow_run_id = :flow_run_id and requeue_of is not null
order by load_id
