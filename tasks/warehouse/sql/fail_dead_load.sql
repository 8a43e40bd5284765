update {quality}.quality_load_log
set
    status = 'failed',
    finished_at = clock_timestamp(),
    problem = :problem,
    message = :message
where load_id = :load_id and claim_key = :claim_key and status = 'running' and step <> 'loaded'
