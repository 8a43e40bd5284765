-- No row: the load is no longer in the state that this statement moves it from, or no longer the run's.
update {quality}.quality_load_log
set
    status = 'held',
    claim_key = null,
    finished_at = clock_timestamp(),
    -- Released, it keeps its place among the loads that come meanwhile.
    effective_at = clock_timestamp(),
    problem = :problem,
    message = concat_ws('; ', message, :message::text)
where load_id = :load_id and claim_key = :claim_key and status = 'running' and step = 'validated'
returning load_id
