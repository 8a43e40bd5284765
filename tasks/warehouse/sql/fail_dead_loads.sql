-- The keys are looked at after the rows: a run that has begun meanwhile is alive before its first row can be seen.
update {quality}.quality_load_log as log
set
    status = 'failed',
    finished_at = clock_timestamp(),
    problem = :problem,
    message = :message
where
    log.status = 'running'
    and log.step <> 'loaded'
    and log.flow_run_id <> :flow_run_id
    and not exists (
        select
        from {quality}.loads_under_way as under_way
        where under_way.load_id = log.load_id
    )
