-- The newest load of a file that ended in core, rolled back since or not.
select load_id
from {quality}.quality_load_log
where source_file = :source_file and status in ('success', 'partial')
order by started_at desc
limit 1
