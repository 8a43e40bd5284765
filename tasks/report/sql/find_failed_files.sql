with

attempts as (

    select distinct on (source_file)
        source_file,
        status,
        problem,
        message,
        rows_loaded = 0 and requeue_of is null as has_loaded_nothing
    from {quality}.quality_load_log
    where flow_run_id = :flow_run_id
    order by source_file asc, started_at desc

)

select
    source_file,
    status,
    problem,
    message
from attempts
where
    status in ('failed', 'running', 'held')
    or problem = any(:left::text[])
    or (status = 'partial' and has_loaded_nothing)
order by source_file
