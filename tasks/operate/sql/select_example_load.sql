-- The newest load with rejected rows; without one, the newest load.
select load_id
from {quality}.quality_load_log
where status in ('success', 'partial')
order by rows_rejected > 0 desc, started_at desc
limit 1
