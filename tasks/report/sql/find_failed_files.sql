with

attempts as (

    select distinct on (source_file)
        source_file,
        status,
        problem,
        message
    from {quality}.quality_load_log
    where flow_run_id = :flow_run_id
    order by source_file asc, started_at desc

)

select
    source_file,
    status,
    message
from attempts
where status in ('failed', 'running') or problem = :in_progress
order by source_file
