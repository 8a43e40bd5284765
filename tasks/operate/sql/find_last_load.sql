-- $1 the file as the load log names it: the last load of it that came to an end.
select load_id
from {quality}.quality_load_log
where source_file = $1 and status in ('success', 'partial')
order by started_at desc
limit 1
