-- $1 checksum. Finished loads first: they settle the question.
select load_id, status, source_file, claim_key, step, finished_at
from {quality}.quality_load_log
where checksum = $1 and status in ('success', 'partial', 'running')
order by status = 'running', started_at desc
