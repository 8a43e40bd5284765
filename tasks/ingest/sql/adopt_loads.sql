-- $1 flow run, $2 claim key. Only this flow run writes these rows, and it runs once at a time.
update {quality}.quality_load_log
set status = 'running', claim_key = $2, message = null, finished_at = null
where
    flow_run_id = $1
    and status in ('running', 'failed')
    and step in ('staged', 'parsed')
    and claim_key is distinct from $2
