-- $1 checksum, $2 identity. Finished loads first: they settle the question.
select load_id, status, source_file, claim_key, step, finished_at, rolled_back_at
from {quality}.quality_load_log
where checksum = $1 and identity is not distinct from $2 and status in ('success', 'partial', 'running')
order by status = 'running', started_at desc
