-- No row: the load is not held.
update {quality}.quality_load_log
set
    status = 'running',
    claim_key = :claim_key,
    flow_run_id = :flow_run_id,
    finished_at = null,
    problem = null,
    released_at = clock_timestamp(),
    message = concat_ws('; ', message, :message::text)
where load_id = :load_id and status = 'held' and step = 'validated'
returning load_id
